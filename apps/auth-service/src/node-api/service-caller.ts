import { TLSSocket } from 'node:tls'

import { Inject, Injectable } from '@nestjs/common'
import { type ClusterPeer, peerOf } from '@sallyport/cluster-identity'
import type { ServiceRole } from '@sallyport/contracts'
import type { Service } from '@sallyport/database'
import type { FastifyRequest } from 'fastify'

import { ApiProblem } from '../http/api-problem.ts'
import { ServicesRepository } from '../platform/services.repository.ts'
import { OrderHub } from './order-hub.ts'

/** How long a service that was let in may stay so, should the order that dismisses it not get through. */
const REMEMBERED_MS = 1000

/** What a connection's certificate says; it is the same as long as the connection lives. */
interface Shown {
  readonly peer: ClusterPeer
  readonly serial: string
}

/** Finds out which enrolled service calls, from its client certificate. */
@Injectable()
export class ServiceCaller {
  readonly #services: ServicesRepository
  readonly #shown = new WeakMap<TLSSocket, Shown>()
  readonly #remembered = new Map<string, { readonly service: Service; readonly untilMs: number }>()

  constructor(@Inject(ServicesRepository) services: ServicesRepository, @Inject(OrderHub) orders: OrderHub) {
    this.#services = services
    orders.onDismissal((serviceId) => {
      this.#remembered.delete(serviceId)
    })
  }

  /** Throws 401 without a verified certificate, 403 when it is not (or no longer) of an enrolled service of this role. */
  async demand(request: FastifyRequest, roles: readonly ServiceRole[]): Promise<Service> {
    const shown = this.#shownBy(request)
    const service = await this.#services.find(shown.peer.serviceId)
    if (!isShownBy(service, shown)) throw unknownService()
    if (!roles.includes(shown.peer.role)) {
      throw new ApiProblem(403, 'wrong-role', `A service of role ${shown.peer.role} may not call this.`)
    }
    this.#remembered.set(service.id, { service, untilMs: performance.now() + REMEMBERED_MS })
    return service
  }

  /** As `demand`, for what is called most: all about the service but whether it may call may be a second old. */
  async demandOften(request: FastifyRequest, roles: readonly ServiceRole[]): Promise<Service> {
    const shown = this.#shownBy(request)
    const { service, untilMs } = this.#remembered.get(shown.peer.serviceId) ?? { service: null, untilMs: 0 }
    const isFresh = performance.now() < untilMs && roles.includes(shown.peer.role)
    return isFresh && isShownBy(service, shown) ? service : this.demand(request, roles)
  }

  #shownBy(request: FastifyRequest): Shown {
    const { socket } = request.raw
    const known = socket instanceof TLSSocket ? this.#shown.get(socket) : undefined
    if (known !== undefined) return known
    const peer = socket instanceof TLSSocket ? peerOf(socket) : undefined
    if (peer === undefined || !(socket instanceof TLSSocket)) {
      throw new ApiProblem(401, 'no-client-certificate', 'This call needs a client certificate of the cluster.')
    }
    const shown = { peer, serial: normalised(socket.getPeerCertificate().serialNumber) }
    this.#shown.set(socket, shown)
    return shown
  }
}

function isShownBy(service: Service | null, { peer, serial }: Shown): service is Service {
  if (service === null || service.revokedAt !== null || service.role !== peer.role) return false
  const known = [service.certificateSerial, service.previousCertificateSerial]
  return known.some((candidate) => candidate !== null && normalised(candidate) === serial)
}

/** The answer to a service that is not of the cluster, or not any more. */
export function unknownService(): ApiProblem {
  return new ApiProblem(403, 'unknown-service', 'This service is not enrolled, or not any more.')
}

function normalised(serial: string): string {
  return serial.toLowerCase().replace(/^0+/, '')
}
