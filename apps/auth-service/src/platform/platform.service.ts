import { Inject, Injectable } from '@nestjs/common'
import { createJoinToken } from '@sallyport/cluster-identity'
import type { Clock } from '@sallyport/foundation'

import type { PlatformActor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { creationOf } from '../http/by-creation.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { ClusterSecrets } from './cluster-secrets.ts'
import type { CreateJoinTokenRequest, JoinTokenView, ListServicesQuery, ServiceView } from './platform.schemas.ts'
import { PlatformAudit } from './platform-audit.ts'
import { serviceViewOf } from './service-view.ts'
import { ServicesRepository } from './services.repository.ts'

/** What the operator does with the cluster itself. */
@Injectable()
export class PlatformService {
  readonly #services: ServicesRepository
  readonly #secrets: ClusterSecrets
  readonly #orders: OrderHub
  readonly #audit: PlatformAudit
  readonly #clock: Clock

  constructor(
    @Inject(ServicesRepository) services: ServicesRepository,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(PlatformAudit) audit: PlatformAudit,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#services = services
    this.#secrets = secrets
    this.#orders = orders
    this.#audit = audit
    this.#clock = clock
  }

  async createJoinToken(
    operator: PlatformActor,
    { role, name, expiresInSeconds }: CreateJoinTokenRequest,
  ): Promise<JoinTokenView> {
    const token = createJoinToken(this.#secrets.clusterCaPem)
    const expiresAt = new Date(this.#clock.now() + expiresInSeconds * 1000)
    await this.#services.addJoinToken({ secretSha256: token.secretSha256, role, name, expiresAt })
    const view = { joinToken: token.text, expiresAt: expiresAt.toISOString() }
    const details = { role, expiresAt: view.expiresAt }
    await this.#audit.write(operator, { action: 'join-token.create', target: `service:${name}`, details })
    return view
  }

  async list(query: ListServicesQuery): Promise<Page<ServiceView>> {
    const page = pageOf(await this.#services.list(query), query.limit, creationOf)
    const now = this.#clock.now()
    return mapPage(page, (service) => serviceViewOf(service, now))
  }

  async drain(operator: PlatformActor, serviceId: string): Promise<void> {
    if (!(await this.#services.setDraining(serviceId, new Date(this.#clock.now())))) throw notFound('node')
    this.#orders.publish({ type: 'drain' }, serviceId)
    await this.#audit.write(operator, { action: 'service.drain', target: `service:${serviceId}` })
  }

  async resume(operator: PlatformActor, serviceId: string): Promise<void> {
    if (!(await this.#services.setDraining(serviceId, null))) throw notFound('node')
    this.#orders.publish({ type: 'resume' }, serviceId)
    await this.#audit.write(operator, { action: 'service.resume', target: `service:${serviceId}` })
  }

  /** Also ends the service's stream of orders. A node comes back by a new join token only. */
  async revoke(operator: PlatformActor, serviceId: string): Promise<void> {
    if (!(await this.#services.revoke(serviceId, new Date(this.#clock.now())))) throw notFound('service')
    this.#orders.dismiss(serviceId)
    await this.#audit.write(operator, { action: 'service.revoke', target: `service:${serviceId}` })
  }
}
