import { Inject, Injectable } from '@nestjs/common'
import { challengeState } from '@sallyport/contracts'

import { ChallengeStore, type PendingChallenge } from '../challenges/challenge-store.ts'
import { connectUrl } from '../challenges/challenges.ts'
import { ConnectionsRepository } from '../connections/connections.repository.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import type { Person } from '../sign-in/portal-sessions.ts'
import { type SignedInUser, SignInService } from '../sign-in/sign-in.service.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import type { ConnectSignIn } from './connect.schemas.ts'
import type { WaitingConnection } from './connect-page.ts'

/** The page runs no scripts, without which no browser asks for a passkey. */
const PASSKEY_ONLY =
  'Your second factor is a passkey, which this page cannot ask for. Please sign in to the portal with it, then open this link again.'

/** Lets users answer in the browser for a connection that waits for them. */
@Injectable()
export class ConnectService {
  readonly #challenges: ChallengeStore
  readonly #tenants: TenantsRepository
  readonly #connections: ConnectionsRepository
  readonly #signIn: SignInService
  readonly #orders: OrderHub
  readonly #publicUrl: string

  constructor(
    @Inject(ChallengeStore) challenges: ChallengeStore,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(ConnectionsRepository) connections: ConnectionsRepository,
    @Inject(SignInService) signIn: SignInService,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#challenges = challenges
    this.#tenants = tenants
    this.#connections = connections
    this.#signIn = signIn
    this.#orders = orders
    this.#publicUrl = settings.AUTH_PUBLIC_URL
  }

  /** Describes the connection behind a link; throws the 410 when it was used, or has expired. */
  async waiting(state: string): Promise<WaitingConnection> {
    const { challenge, tenant } = await this.#find(state)
    const { deviceName, remoteAddress } = challenge
    const path = new URL(connectUrl(this.#publicUrl, state)).pathname
    return { path, tenantName: tenant.name, deviceName, remoteAddress }
  }

  /** Signs a user of the connection's tenant in with password and code; throws the refusal. */
  async signIn(state: string, { username, password, otp }: ConnectSignIn, source: string): Promise<SignedInUser> {
    const { tenant } = await this.#find(state)
    const result = await this.#signIn.signIn({ tenant: tenant.slug, username, password, otp }, source)
    if (result.status === 'signed-in') return result
    const isTyped = result.methods.some((method) => method !== 'passkey')
    throw isTyped ? codeMissing() : new ApiProblem(401, 'passkey-required', PASSKEY_ONLY)
  }

  /** Why this person may not approve the connection; `undefined` when they may. */
  async problemOf(state: string, person: Person): Promise<ApiProblem | undefined> {
    return problemOf((await this.#find(state)).challenge, person)
  }

  /** Approves the connection and tells its node; throws when the person may not, or it does not wait any more. */
  async approve(state: string, person: Person): Promise<void> {
    const { challenge } = await this.#find(state)
    const problem = problemOf(challenge, person)
    if (problem !== undefined) throw problem
    const { factor } = person
    if (factor === undefined) throw codeMissing()
    if (!(await this.#challenges.approve(state, factor.method))) throw gone()
    const { tenantId, userId, deviceId, serviceId } = challenge
    const about = { userId, target: `device:${deviceId}`, details: { factor: factor.method, deviceId } }
    const entry = { actor: `user:${userId}`, action: 'connection.approve', ...about }
    await this.#connections.audit(tenantId, entry)
    this.#orders.publish({ type: 'challenge-answered', state }, serviceId)
  }

  async #find(state: string): Promise<{ challenge: PendingChallenge; tenant: { slug: string; name: string } }> {
    const challenge = challengeState.safeParse(state).success ? await this.#challenges.find(state) : undefined
    if (challenge?.method !== 'web') throw gone()
    const tenant = await this.#tenants.find(challenge.tenantId)
    if (tenant === null || tenant.suspendedAt !== null) throw gone()
    return { challenge, tenant }
  }
}

function problemOf(challenge: PendingChallenge, { actor, duties, factor }: Person): ApiProblem | undefined {
  if (challenge.tenantId !== actor.tenantId || challenge.userId !== actor.userId) {
    return new ApiProblem(403, 'other-user', 'This connection belongs to another user. Please sign in as that user.')
  }
  if (duties.includes('password-change')) {
    return new ApiProblem(403, 'password-change-required', 'Please choose a password of your own first.')
  }
  return factor === undefined ? codeMissing() : undefined
}

function codeMissing(): ApiProblem {
  return new ApiProblem(403, 'otp-required', 'Please sign in with a code of your authenticator app or a recovery code.')
}

function gone(): ApiProblem {
  return new ApiProblem(410, 'challenge-expired', 'This link has expired or was used before. Please connect again.')
}
