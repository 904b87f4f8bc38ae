import { TLSSocket } from 'node:tls'

import { Inject, Injectable } from '@nestjs/common'
import { peerOf } from '@sallyport/cluster-identity'
import type { ServiceRole } from '@sallyport/contracts'
import type { Service } from '@sallyport/database'
import type { FastifyRequest } from 'fastify'

import { ApiProblem } from '../http/api-problem.ts'
import { ServicesRepository } from '../platform/services.repository.ts'

/** Finds out which enrolled service calls, from its client certificate. */
@Injectable()
export class ServiceCaller {
  readonly #services: ServicesRepository

  constructor(@Inject(ServicesRepository) services: ServicesRepository) {
    this.#services = services
  }

  /** Throws 401 without a verified certificate, 403 when it is not (or no longer) of an enrolled service of this role. */
  async demand(request: FastifyRequest, roles: readonly ServiceRole[]): Promise<Service> {
    const { socket } = request.raw
    const peer = socket instanceof TLSSocket ? peerOf(socket) : undefined
    if (peer === undefined || !(socket instanceof TLSSocket)) {
      throw new ApiProblem(401, 'no-client-certificate', 'This call needs a client certificate of the cluster.')
    }
    const service = await this.#services.find(peer.serviceId)
    const serial = normalised(socket.getPeerCertificate().serialNumber)
    const known = [service?.certificateSerial, service?.previousCertificateSerial]
    const isCurrent = known.some((candidate) => typeof candidate === 'string' && normalised(candidate) === serial)
    if (service === null || service.revokedAt !== null || service.role !== peer.role || !isCurrent) {
      throw unknownService()
    }
    if (!roles.includes(peer.role)) {
      throw new ApiProblem(403, 'wrong-role', `A service of role ${peer.role} may not call this.`)
    }
    return service
  }
}

/** The answer to a service that is not of the cluster, or not any more. */
export function unknownService(): ApiProblem {
  return new ApiProblem(403, 'unknown-service', 'This service is not enrolled, or not any more.')
}

function normalised(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, '')
}
