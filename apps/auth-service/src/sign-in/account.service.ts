import { Inject, Injectable } from '@nestjs/common'
import type { User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { findPasswordProblem, generateTotpSecret, hashPassword, totpUri, verifyPassword } from '@sallyport/identity'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import { accountState, AttemptLimit } from './attempt-limit.ts'
import { SecondFactor } from './second-factor.ts'
import type { ChangePasswordRequest, MeView, TotpEnrolment } from './sign-in.schemas.ts'
import { signedInViewOf } from './sign-in.service.ts'

/** What signed-in people do with their own account. */
@Injectable()
export class AccountService {
  readonly #tenants: TenantsRepository
  readonly #users: UsersRepository
  readonly #attempts: AttemptLimit
  readonly #secondFactor: SecondFactor
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(SecondFactor) secondFactor: SecondFactor,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#tenants = tenants
    this.#users = users
    this.#attempts = attempts
    this.#secondFactor = secondFactor
    this.#orders = orders
    this.#clock = clock
  }

  async me(actor: Actor): Promise<MeView> {
    const [tenant, user] = await Promise.all([
      this.#tenants.find(actor.tenantId),
      this.#users.get(actor.tenantId, actor.userId),
    ])
    if (tenant === null) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    return { ...signedInViewOf(user), tenant: { tenantId: tenant.id, slug: tenant.slug, name: tenant.name } }
  }

  /** Changes the password and ends the user's other sessions and all VPN connections; gives the user as it is then. */
  async changePassword(actor: Actor, source: string, request: ChangePasswordRequest): Promise<User> {
    const user = await this.#users.get(actor.tenantId, actor.userId)
    await this.#demandPassword(user, source, request.currentPassword)
    if (request.newPassword === request.currentPassword) {
      throw new ApiProblem(400, 'weak-password', 'Please choose a password that differs from the present one.')
    }
    const problem = findPasswordProblem({ password: request.newPassword, username: user.username })
    if (problem !== undefined) throw new ApiProblem(400, 'weak-password', problem.message)
    const changed = await this.#users.updateAndEnd(
      user,
      { passwordHash: await hashPassword(request.newPassword), oneTimePassword: false },
      new Date(this.#clock.now()),
      { actor: `user:${user.id}`, action: 'user.change-password', target: `user:${user.id}` },
    )
    const { tenantId, id: userId } = user
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ENDINGS.passwordChanged })
    return changed
  }

  /** Makes a secret that counts only once a code of it was confirmed. */
  async beginTotp(actor: Actor): Promise<TotpEnrolment> {
    const [tenant, user] = await Promise.all([
      this.#tenants.find(actor.tenantId),
      this.#users.get(actor.tenantId, actor.userId),
    ])
    refuseSecondEnrolment(user)
    const secret = generateTotpSecret()
    await this.#users.update(user, { totpSecret: this.#secondFactor.seal(user, secret) })
    return {
      secret,
      uri: totpUri({ secret, issuer: `Sallyport ${tenant?.name ?? ''}`.trim(), account: user.username }),
    }
  }

  async confirmTotp(actor: Actor, source: string, code: string): Promise<void> {
    const user = await this.#users.get(actor.tenantId, actor.userId)
    refuseSecondEnrolment(user)
    if (user.totpSecret === null) {
      throw new ApiProblem(409, 'totp-not-begun', 'Please ask for a secret first.')
    }
    const wrong = new ApiProblem(
      400,
      'wrong-otp',
      'The code is not right. Please give the one that your app shows now.',
    )
    const isRight = async (): Promise<boolean> => (await this.#secondFactor.use(user, code)) === 'accepted'
    await this.#demand(user, source, code, wrong, isRight)
    await this.#users.update(
      user,
      { totpConfirmedAt: new Date(this.#clock.now()) },
      { actor: `user:${user.id}`, action: 'user.enrol-totp', target: `user:${user.id}` },
    )
  }

  async #demandPassword(user: User, source: string, password: string): Promise<void> {
    const wrong = new ApiProblem(400, 'wrong-password', 'The present password is not right.')
    await this.#demand(user, source, password, wrong, () => verifyPassword(user.passwordHash, password))
  }

  /** Throws `wrong` when the secret is not right, or was shown a moment ago and was not. */
  async #demand(
    user: User,
    source: string,
    secret: string,
    wrong: ApiProblem,
    isRight: () => Promise<boolean>,
  ): Promise<void> {
    const { tenantId, username: account } = user
    const credential = [wrong.code, secret]
    const state = accountState(user)
    const attempt = await this.#attempts.begin({ realm: 'portal', tenantId, account, source, credential, state })
    if ('waitSeconds' in attempt) {
      throw new ApiProblem(429, 'too-many-attempts', 'There were too many attempts. Please wait a while.')
    }
    if ('staleCode' in attempt) throw wrong
    const right = await isRight().catch(async (error: unknown) => {
      await attempt.abandoned()
      throw error
    })
    if (right) return attempt.succeeded()
    await attempt.refused(wrong.code, 'a guess')
    throw wrong
  }
}

function refuseSecondEnrolment(user: User): void {
  if (user.totpConfirmedAt === null) return
  throw new ApiProblem(409, 'totp-already-enrolled', 'An authenticator app is enrolled; an administrator can reset it.')
}
