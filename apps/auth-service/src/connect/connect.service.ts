import { Inject, Injectable } from '@nestjs/common'
import { challengeState } from '@sallyport/contracts'
import type { Tenant } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { BrandingService } from '../branding/branding.service.ts'
import { ChallengeStore, type PendingChallenge } from '../challenges/challenge-store.ts'
import { ConnectionsRepository } from '../connections/connections.repository.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import type { Person } from '../sign-in/portal-sessions.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import type { WaitingConnection } from './connect.schemas.ts'

/** Lets users answer in the browser for a connection that waits for them. */
@Injectable()
export class ConnectService {
  readonly #challenges: ChallengeStore
  readonly #tenants: TenantsRepository
  readonly #users: UsersRepository
  readonly #brandings: BrandingService
  readonly #connections: ConnectionsRepository
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(ChallengeStore) challenges: ChallengeStore,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(BrandingService) brandings: BrandingService,
    @Inject(ConnectionsRepository) connections: ConnectionsRepository,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#challenges = challenges
    this.#tenants = tenants
    this.#users = users
    this.#brandings = brandings
    this.#connections = connections
    this.#orders = orders
    this.#clock = clock
  }

  /** Describes the connection behind a link; throws the 410 when it was used, or has expired. */
  async waiting(state: string): Promise<WaitingConnection> {
    const { challenge, tenant } = await this.#find(state)
    const { tenantId, userId, deviceName, remoteAddress, expiresInSeconds } = challenge
    const [{ username }, branding] = await Promise.all([this.#users.get(tenantId, userId), this.#brandings.of(tenant)])
    return {
      tenant: { slug: tenant.slug, name: tenant.name },
      branding,
      username,
      deviceName,
      remoteAddress,
      expiresAt: new Date(this.#clock.now() + expiresInSeconds * 1000).toISOString(),
      expiresInSeconds,
    }
  }

  /** Approves the connection and tells its node; throws when the person may not, or it does not wait any more. */
  async approve(state: string, { actor, factor }: Person): Promise<void> {
    const { tenantId, userId, deviceId, serviceId } = await this.#findOwn(state, actor)
    if (factor === undefined) throw factorMissing()
    if (!(await this.#challenges.approve(state, factor.method))) throw gone()
    const about = { userId, target: `device:${deviceId}`, details: { factor: factor.method, deviceId } }
    const entry = { actor: `user:${userId}`, action: 'connection.approve', ...about }
    await this.#connections.audit(tenantId, entry)
    this.#orders.publish({ type: 'challenge-answered', state }, serviceId)
  }

  /**
   * Turns the connection away and tells its node, whose next question about it is answered with the refusal. Who says no
   * needs no factor: nothing is let in by it.
   */
  async decline(state: string, { actor }: Pick<Person, 'actor'>): Promise<void> {
    const { tenantId, userId, deviceId, serviceId, remoteAddress: source } = await this.#findOwn(state, actor)
    if (!(await this.#challenges.decline(state))) throw gone()
    const about = { userId, target: `device:${deviceId}`, details: { deviceId, source } }
    await this.#connections.audit(tenantId, { actor: `user:${userId}`, action: 'connection.decline', ...about })
    this.#orders.publish({ type: 'challenge-answered', state }, serviceId)
  }

  /** Finds what waits for this person; throws the 403 when it is another's. */
  async #findOwn(state: string, actor: Person['actor']): Promise<PendingChallenge> {
    const { challenge } = await this.#find(state)
    if (challenge.tenantId !== actor.tenantId || challenge.userId !== actor.userId) throw otherUser()
    return challenge
  }

  async #find(state: string): Promise<{ challenge: PendingChallenge; tenant: Tenant }> {
    const challenge = challengeState.safeParse(state).success ? await this.#challenges.find(state) : undefined
    if (challenge?.method !== 'web') throw gone()
    const tenant = await this.#tenants.find(challenge.tenantId)
    if (tenant === null || tenant.suspendedAt !== null) throw gone()
    return { challenge, tenant }
  }
}

function otherUser(): ApiProblem {
  return new ApiProblem(403, 'other-user', 'This connection belongs to another user. Please sign in as that user.')
}

function factorMissing(): ApiProblem {
  return new ApiProblem(
    403,
    'factor-required',
    'Please give your second factor again: the last time is more than five minutes ago.',
  )
}

function gone(): ApiProblem {
  return new ApiProblem(410, 'challenge-expired', 'This link has expired or was used before. Please connect again.')
}
