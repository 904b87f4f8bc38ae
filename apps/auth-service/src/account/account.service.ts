import { Inject, Injectable } from '@nestjs/common'
import { uuid } from '@sallyport/contracts'
import type { User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { findPasswordProblem, hashPassword } from '@sallyport/identity'
import type { FactorMethod } from '@sallyport/mfa-policy'
import { z } from 'zod'

import { readBranding } from '../branding/branding.service.ts'
import { OneUseStore } from '../challenges/one-use-store.ts'
import { challengeOf, Passkeys } from '../factors/passkeys.ts'
import type { Actor, Duty } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { PERMISSION_NAMES } from '../http/permissions.ts'
import { type Ending, ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { SharedStore } from '../runtime/shared-store.ts'
import { CLOCK } from '../runtime/tokens.ts'
import type { FactorAnswer, SignedInView } from '../sign-in/sign-in.schemas.ts'
import { signedInViewOf } from '../sign-in/sign-in.service.ts'
import { SESSION_IDLE_SECONDS } from '../sign-in/stored-session.ts'
import { type UserChange, UsersRepository } from '../users/users.repository.ts'
import { weakPassword } from '../users/weak-password.ts'
import type { ChangePasswordRequest, MeView, ReauthenticateOptions, ReauthenticateRequest } from './account.schemas.ts'
import { type Own, OwnAccount } from './own-account.ts'
import { OwnSecrets } from './own-secrets.ts'

const REAUTHENTICATION_SECONDS = 300
const reauthentication = z.strictObject({ tenantId: uuid, userId: uuid })

/** What signed-in people do with their own account. */
@Injectable()
export class AccountService {
  readonly #own: OwnAccount
  readonly #users: UsersRepository
  readonly #secrets: OwnSecrets
  readonly #passkeys: Passkeys
  readonly #orders: OrderHub
  readonly #clock: Clock
  readonly #pending: OneUseStore<z.infer<typeof reauthentication>>

  constructor(
    @Inject(OwnAccount) own: OwnAccount,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(OwnSecrets) secrets: OwnSecrets,
    @Inject(Passkeys) passkeys: Passkeys,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(SharedStore) store: SharedStore,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#own = own
    this.#users = users
    this.#secrets = secrets
    this.#passkeys = passkeys
    this.#orders = orders
    this.#clock = clock
    const seconds = REAUTHENTICATION_SECONDS
    this.#pending = new OneUseStore(store, { name: 'reauthentication', schema: reauthentication, seconds, maxTries: 1 })
  }

  me(actor: Actor, sessionEndsAt: Date | undefined): Promise<MeView> {
    return this.#own.run(actor, async ({ session, user, tenant, look }) => {
      const { id: tenantId, slug, name } = tenant
      const view = signedInViewOf(user, tenant, look)
      const network = await session.network.findFirst({ where: { tenantId }, select: { id: true } })
      return {
        ...view,
        tenant: { tenantId, slug, name },
        branding: await readBranding(session, tenant),
        permissions: PERMISSION_NAMES.filter((permission) => actor.permissions.has(permission)),
        duties: dutiesOf(view),
        hasNetwork: network !== null,
        sessionEndsAt: sessionEndsAt?.toISOString() ?? null,
        sessionIdleSeconds: SESSION_IDLE_SECONDS,
        now: new Date(this.#clock.now()).toISOString(),
      }
    })
  }

  /** Changes the password and ends the user's other sessions and all VPN connections; gives the user as it is then. */
  async changePassword(actor: Actor, source: string, request: ChangePasswordRequest): Promise<User> {
    const user = await this.#users.get(actor.tenantId, actor.userId)
    await this.#secrets.demandPassword(user, source, request.currentPassword)
    if (request.newPassword === request.currentPassword) {
      throw weakPassword({
        code: 'same-as-before',
        message: 'Please choose a password that differs from the present one.',
      })
    }
    const problem = findPasswordProblem({ password: request.newPassword, username: user.username })
    if (problem !== undefined) throw weakPassword(problem)
    const change = { passwordHash: await hashPassword(request.newPassword), oneTimePassword: false }
    return this.#end(actor, user, change, 'user.change-password', ENDINGS.passwordChanged)
  }

  /** Ends every session of the user, this one included, every session token and every VPN connection. */
  async signOutEverywhere(actor: Actor): Promise<void> {
    const user = await this.#users.get(actor.tenantId, actor.userId)
    await this.#end(actor, user, {}, 'user.sign-out-everywhere', ENDINGS.signedOut)
  }

  /** Tells what a signed-in person has to give besides the password to prove again who they are. */
  async beginReauthentication(actor: Actor): Promise<ReauthenticateOptions> {
    const { user, methods } = await this.#own.run(actor, ownMethods)
    if (!methods.includes('passkey')) return { methods: [...methods] }
    const { tenantId, userId } = actor
    const challenge = await this.#pending.begin({ tenantId, userId })
    const passkeyOptions = await this.#passkeys.requestOptions(user, challenge, REAUTHENTICATION_SECONDS)
    return { methods: [...methods], passkeyOptions }
  }

  /** Proves that it is still the same person; gives the second factor that was needed for it. */
  async reauthenticate(
    actor: Actor,
    source: string,
    { password, factor }: ReauthenticateRequest,
  ): Promise<FactorMethod | undefined> {
    const { user, methods } = await this.#own.run(actor, ownMethods)
    await this.#secrets.demandPassword(user, source, password)
    if (methods.length > 0) {
      if (factor === undefined || !methods.includes(factor.method)) {
        throw new ApiProblem(400, 'factor-required', `Please give a second factor: ${methods.join(' or ')}.`)
      }
      await this.#secrets.demandFactor(user, source, factor, await this.#challengeFor(actor, factor))
    }
    const details = methods.length > 0 ? { factor: factor?.method } : {}
    const entry = { actor: actor.auditName, action: 'user.reauthenticate', userId: actor.userId, details }
    await this.#users.audit(actor.tenantId, entry)
    return methods.length > 0 ? factor?.method : undefined
  }

  /** Uses up the challenge that a passkey answered; it must have been given to this user. */
  async #challengeFor(actor: Actor, factor: FactorAnswer): Promise<string> {
    if (factor.method !== 'passkey') return ''
    const challenge = challengeOf(factor.assertion.response) ?? ''
    const found = await this.#pending.find(challenge)
    const isOwn = found?.kept.userId === actor.userId && found.kept.tenantId === actor.tenantId
    if (isOwn && (await this.#pending.useUp(challenge))) return challenge
    throw new ApiProblem(410, 'challenge-expired', 'This took too long, or was sent before. Please begin again.')
  }

  async #end(actor: Actor, user: User, change: UserChange, action: string, ending: Ending): Promise<User> {
    const { tenantId, id: userId } = user
    const entry = { actor: actor.auditName, action, target: `user:${userId}`, userId }
    const changed = await this.#users.updateAndEnd(user, change, new Date(this.#clock.now()), entry)
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ending })
    return changed
  }
}

function dutiesOf({ mustChangePassword, mustEnrolFactor }: SignedInView): Duty[] {
  return [
    ...(mustChangePassword ? ['password-change' as const] : []),
    ...(mustEnrolFactor ? ['factor-enrolment' as const] : []),
  ]
}

/** By which methods a sign-in of this user would ask for the second factor. */
function ownMethods({ user, look: { decision } }: Own): { user: User; methods: readonly FactorMethod[] } {
  return { user, methods: decision.decision === 'challenge' ? decision.methods : [] }
}
