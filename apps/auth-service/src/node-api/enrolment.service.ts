import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { type IssuedCertificate, parseCertificateRequest } from '@sallyport/certificate-authority'
import { parseJoinToken } from '@sallyport/cluster-identity'
import {
  type EnrolRequest,
  type EnrolResponse,
  NODE_API_VERSION,
  type NodeSecrets,
  type RenewIdentityRequest,
  type ServiceRole,
  serviceRole,
} from '@sallyport/contracts'
import type { Service } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { ApiProblem } from '../http/api-problem.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { PlatformAudit } from '../platform/platform-audit.ts'
import { NoFreeSlotError, ServicesRepository } from '../platform/services.repository.ts'
import type { Settings } from '../runtime/settings.ts'
import { CLOCK, SETTINGS } from '../runtime/tokens.ts'
import { OrderHub } from './order-hub.ts'
import type { ShownCertificate } from './shown-certificate.ts'

/** What is revoked at auth-service only is believed elsewhere until its certificate lapses; a service must survive a long weekend. */
const CERTIFICATE_SECONDS = 7 * 24 * 3600
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|[0-9A-Fa-f:.]{2,45})$/

/** Takes services into the cluster and renews their identities. */
@Injectable()
export class EnrolmentService {
  readonly #services: ServicesRepository
  readonly #secrets: ClusterSecrets
  readonly #orders: OrderHub
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #audit: PlatformAudit

  constructor(
    @Inject(ServicesRepository) services: ServicesRepository,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(SETTINGS) settings: Settings,
    @Inject(CLOCK) clock: Clock,
    @Inject(PlatformAudit) audit: PlatformAudit,
  ) {
    this.#services = services
    this.#secrets = secrets
    this.#orders = orders
    this.#settings = settings
    this.#clock = clock
    this.#audit = audit
  }

  clusterCa(): { clusterCa: string } {
    return { clusterCa: this.#secrets.clusterCaPem }
  }

  /** Uses up a join token. A service that comes again under its name keeps its id and slot. */
  async enrol(request: EnrolRequest): Promise<EnrolResponse> {
    const now = new Date(this.#clock.now())
    const parsed = parseJoinToken(request.joinToken)
    const token = parsed === undefined ? null : await this.#services.findJoinToken(parsed.secretSha256)
    if (parsed === undefined || token === null || token.usedAt !== null || token.expiresAt <= now) throw tokenRefused()
    if (token.name !== request.name) {
      throw new ApiProblem(403, 'join-token-refused', `This join token is for a service named "${token.name}".`)
    }
    const role = serviceRole.parse(token.role)
    const known = await this.#services.findByName(token.role, token.name)
    const serviceId = known?.id ?? randomUUID()
    const certificate = await this.#issue(serviceId, role, request.hosts, request.csr)
    const service = await this.#services
      .enrol(parsed.secretSha256, serviceId, certificate, now)
      .catch((error: unknown) => {
        if (error instanceof NoFreeSlotError)
          throw new ApiProblem(409, 'no-free-slot', 'The cluster has no room for a node.')
        throw error
      })
    if (service === undefined) throw tokenRefused()
    // A stream that the identity before this one opened.
    this.#orders.dismiss(serviceId)
    const auditName = `service:${serviceId}`
    const details = { role, name: service.name, slot: service.slot }
    await this.#audit.write({ auditName }, { action: 'service.enrol', target: auditName, details })
    return this.#responseOf(service, role, certificate)
  }

  /** Gives an enrolled service a fresh certificate for the same identity. */
  async renew(service: Service, shown: ShownCertificate, request: RenewIdentityRequest): Promise<EnrolResponse> {
    const role = serviceRole.parse(service.role)
    const certificate = await this.#issue(service.id, role, shown.hosts, request.csr)
    await this.#services.noteRenewal(service, shown.serial, certificate)
    return this.#responseOf(service, role, certificate)
  }

  async #issue(
    serviceId: string,
    role: ServiceRole,
    hosts: readonly string[],
    csr: string,
  ): Promise<IssuedCertificate> {
    const request = await parseCertificateRequest(csr)
    if (request.result === 'refused') throw new ApiProblem(400, 'bad-csr', request.message)
    if (!hosts.every((host) => HOST.test(host))) throw new ApiProblem(400, 'bad-request', 'A host name is not valid.')
    return this.#secrets.issuer.issue({
      publicKey: request.publicKey,
      subject: { profile: 'cluster-service', serviceId, role, hosts: role === 'vpn-node' ? [] : hosts },
      nowMs: this.#clock.now(),
      lifetimeSeconds: CERTIFICATE_SECONDS,
    })
  }

  #responseOf(service: Service, role: ServiceRole, certificate: IssuedCertificate): EnrolResponse {
    return {
      version: NODE_API_VERSION,
      serviceId: service.id,
      role,
      certificate: certificate.certificatePem,
      clusterCa: this.#secrets.clusterCaPem,
      allocatorUrl: role === 'vpn-node' ? this.#settings.ALLOCATOR_URL : '',
      ...(service.slot === null ? {} : { nodeSecrets: this.#nodeSecrets(service.slot) }),
    }
  }

  #nodeSecrets(nodeSlot: number): NodeSecrets {
    const base64 = (key: Uint8Array): string => Buffer.from(key).toString('base64')
    return {
      nodeSlot,
      tlsCryptV2ServerKey: base64(this.#secrets.key('tls-crypt-v2-server-key').reveal()),
    }
  }
}

function tokenRefused(): ApiProblem {
  const message = 'The join token is unknown, used or lapsed. Please make a new one.'
  return new ApiProblem(403, 'join-token-refused', message)
}
