import { Inject, Injectable } from '@nestjs/common'
import type { Tenant, User } from '@sallyport/database'
import { hashPassword, needsRehash, verifyPassword } from '@sallyport/identity'
import { Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { ApiProblem } from '../http/api-problem.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import { userRole } from '../users/users.schemas.ts'
import { accountState, AttemptLimit, type OpenAttempt } from './attempt-limit.ts'
import { SecondFactor } from './second-factor.ts'
import type { SignedInView, SignInRequest } from './sign-in.schemas.ts'

const OUTCOMES = ['ok', 'sign-in-failed', 'otp-required', 'wrong-otp', 'too-many-attempts'] as const
type Outcome = (typeof OUTCOMES)[number]
type Refusal = Exclude<Outcome, 'ok'>

const REFUSALS: Readonly<Record<Refusal, { status: number; message: string }>> = {
  'sign-in-failed': { status: 401, message: 'The organisation, user name or password is not right.' },
  'otp-required': { status: 401, message: 'Please give the code of your authenticator app.' },
  'wrong-otp': { status: 401, message: 'The code is not right, or was used before. Please wait for the next one.' },
  'too-many-attempts': { status: 429, message: 'There were too many attempts. Please wait a while.' },
}

/** Signs people in to the portal. Who does not exist and who gave a wrong password look and cost the same. */
@Injectable()
export class SignInService {
  readonly #tenants: TenantsRepository
  readonly #users: UsersRepository
  readonly #attempts: AttemptLimit
  readonly #secondFactor: SecondFactor
  readonly #outcomes: ReasonCounter<Outcome>

  constructor(
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(SecondFactor) secondFactor: SecondFactor,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.#tenants = tenants
    this.#users = users
    this.#attempts = attempts
    this.#secondFactor = secondFactor
    this.#outcomes = metrics.reasonCounter('portal_sign_ins_total', 'Sign-ins to the portal by outcome.', OUTCOMES)
  }

  /** Checks the credentials and gives the user; throws the refusal. */
  async signIn(request: SignInRequest, source: string): Promise<User> {
    const tenant = await this.#tenants.findBySlug(request.tenant)
    const user = tenant === null ? null : await this.#users.findByName(tenant.id, request.username)
    const attempt = await this.#attempts.begin({
      realm: 'portal',
      tenantId: tenant?.id ?? request.tenant,
      account: request.username,
      source,
      credential: [request.password, request.otp],
      state: accountState(user, tenant),
    })
    if ('waitSeconds' in attempt) return this.#refuse('too-many-attempts', attempt.isFirst ? user : null)
    if ('staleCode' in attempt) return this.#refuse(refusalOf(attempt.staleCode), null)
    const refusal = await this.#check(tenant, user, request).catch(async (error: unknown) => {
      await attempt.abandoned()
      throw error
    })
    await settle(attempt, refusal)
    if (user === null || refusal !== undefined) return this.#refuse(refusal ?? 'sign-in-failed', user)
    await this.#renewHash(user, request.password)
    await this.#users.audit(user.tenantId, { actor: `user:${user.id}`, action: 'portal.sign-in' })
    this.#outcomes.increment('ok')
    return user
  }

  async #check(tenant: Tenant | null, user: User | null, request: SignInRequest): Promise<Refusal | undefined> {
    const right = await verifyPassword(user?.passwordHash ?? null, request.password)
    if (!right || user === null || tenant === null) return 'sign-in-failed'
    if (user.disabledAt !== null || tenant.suspendedAt !== null) return 'sign-in-failed'
    if (!needsCode(user)) return undefined
    if (request.otp === undefined || request.otp === '') return 'otp-required'
    return (await this.#secondFactor.use(user, request.otp)) === 'accepted' ? undefined : 'wrong-otp'
  }

  /** Counts the refusal; `audited` is the user in whose tenant's audit log it goes. */
  async #refuse(code: Refusal, audited: User | null): Promise<never> {
    this.#outcomes.increment(code)
    if (audited !== null) {
      const entry = { actor: `user:${audited.id}`, action: 'portal.sign-in', outcome: code }
      await this.#users.audit(audited.tenantId, entry)
    }
    throw new ApiProblem(REFUSALS[code].status, code, REFUSALS[code].message)
  }

  /** Brings the hash to the present parameters; only here is the password known. */
  async #renewHash(user: User, password: string): Promise<void> {
    if (user.passwordHash !== null && needsRehash(user.passwordHash))
      await this.#users.update(user, { passwordHash: await hashPassword(password) })
  }
}

async function settle(attempt: OpenAttempt, refusal: Refusal | undefined): Promise<void> {
  if (refusal === undefined) await attempt.succeeded()
  else await attempt.refused(refusal, refusal === 'otp-required' ? 'no guess' : 'a guess')
}

function refusalOf(code: string): Refusal {
  return code === 'otp-required' || code === 'wrong-otp' ? code : 'sign-in-failed'
}

/** Whether a sign-in of this user demands a code; one who has not enrolled yet comes in to do so. */
export function needsCode(user: Pick<User, 'totpRequired' | 'totpConfirmedAt'>): boolean {
  return user.totpRequired && user.totpConfirmedAt !== null
}

/** What the signed-in person learns about themselves. */
export function signedInViewOf(user: User): SignedInView {
  return {
    user: { userId: user.id, username: user.username, role: userRole.parse(user.role) },
    mustChangePassword: user.oneTimePassword,
    totp: { required: user.totpRequired, enrolled: user.totpConfirmedAt !== null },
  }
}
