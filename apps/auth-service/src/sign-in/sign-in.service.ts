import { Inject, Injectable } from '@nestjs/common'
import { Database, type Tenant, type User } from '@sallyport/database'
import { hashPassword, needsRehash } from '@sallyport/identity'
import type { FactorMethod } from '@sallyport/mfa-policy'

import { retryAfter } from '../http/api-problem.ts'
import { roleOf } from '../http/permissions.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import { accountState, type Attempt, type ClosedAttempt } from './attempt-limit.ts'
import { LimitedCheck, type Settlement } from './limited-check.ts'
import { enrolmentOf, type PortalLook } from './portal-policy.ts'
import type { FactorAnswer, FactorRequiredAnswer, SignedInView, SignInRequest } from './sign-in.schemas.ts'
import { SignInChallenges } from './sign-in-challenges.ts'
import { type AskedAccount, type NamedAccount, SignInJudge, type SignInVerdict } from './sign-in-judge.ts'
import {
  type SignInAttempt,
  type SignInCheck,
  SignInOutcomes,
  type SignInRefusal,
  signInRefusalOf,
} from './sign-in-outcomes.ts'

/** No tenant has this id: whoever names an unknown organisation is looked for as in a known one. */
const NO_TENANT = '00000000-0000-0000-0000-000000000000'

/** Somebody who may come in. */
export interface SignedInUser {
  readonly status: 'signed-in'
  readonly user: User
  readonly factor: FactorMethod | undefined
  readonly view: SignedInView
}

/** They end without anything of the account changing, so that the same credential is looked at anew each time. */
const PASSING: ReadonlySet<SignInRefusal> = new Set(['method-not-allowed', 'challenge-expired'])

/** What a sign-in came to, if it was not refused. */
export type SignInResult = SignedInUser | FactorRequiredAnswer

/** Signs people in to the portal. Who does not exist and who gave a wrong password look and cost the same. */
@Injectable()
export class SignInService {
  readonly #database: Database
  readonly #tenants: TenantsRepository
  readonly #users: UsersRepository
  readonly #limited: LimitedCheck
  readonly #judge: SignInJudge
  readonly #challenges: SignInChallenges
  readonly #outcomes: SignInOutcomes

  constructor(
    @Inject(Database) database: Database,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(LimitedCheck) limited: LimitedCheck,
    @Inject(SignInJudge) judge: SignInJudge,
    @Inject(SignInChallenges) challenges: SignInChallenges,
    @Inject(SignInOutcomes) outcomes: SignInOutcomes,
  ) {
    this.#database = database
    this.#tenants = tenants
    this.#users = users
    this.#limited = limited
    this.#judge = judge
    this.#challenges = challenges
    this.#outcomes = outcomes
  }

  /** Checks the password, and the second factor if it came along; throws the refusal. */
  async signIn(request: SignInRequest, source: string): Promise<SignInResult> {
    const { tenant: slug, username, password, otp } = request
    const tenant = await this.#tenants.findBySlug(slug)
    const user = await this.#users.findByName(tenant?.id ?? NO_TENANT, username)
    const named = { tenant, user }
    const state = accountState(user, tenant)
    const attempt = attemptOf(tenant?.id ?? unknownTenantOf(slug), username, source, [password, otp], state)
    const checked = await this.#limited.run(
      attempt,
      () => this.#judge.judgePassword(named, request, source),
      settlementOf,
    )
    const verdict = await this.#verdictOf(checked, named, source)
    await this.#renewHash(verdict.account.user, password)
    if (verdict.result === 'right') return this.#comeIn(verdict, source)
    const { account, checks } = verdict
    const answer = await this.#challenges.begin(account.user, account.methods)
    await this.#outcomes.asked(told(account, source, checks))
    return answer
  }

  /** Checks the second factor of a sign-in that was begun, here or at another instance; throws the refusal. */
  async answer(challenge: string, answer: FactorAnswer, source: string): Promise<SignedInUser> {
    const account = await this.#accountOf(challenge)
    if (account === undefined) return this.#outcomes.refuse('challenge-expired', undefined)
    const judge = (): Promise<SignInVerdict> => this.#judge.judgeAnswer(account, challenge, answer, source)
    const { tenant, user } = account
    // Without the challenge: who repeats one stale code in new sign-ins makes no new guess.
    const shown = answer.method === 'passkey' ? [] : ['second factor', answer.method, answer.code]
    const attempt = attemptOf(tenant.id, user.username, source, shown, accountState(user, tenant))
    // A signature cannot be guessed: whoever tries passwords for this user must not keep the user out.
    const checked =
      answer.method === 'passkey' ? { verdict: await judge() } : await this.#limited.run(attempt, judge, settlementOf)
    const verdict = await this.#verdictOf(checked, account, source)
    if (verdict.result !== 'right') return this.#outcomes.refuse('challenge-expired', undefined)
    if (answer.method === 'passkey') await this.#limited.forget(attempt)
    return this.#comeIn(verdict, source)
  }

  /** The account of a sign-in that was begun; `undefined` when it is over, or the account is not as it was. */
  async #accountOf(challenge: string): Promise<AskedAccount | undefined> {
    const pending = await this.#challenges.find(challenge)
    if (pending === undefined) return undefined
    const { tenantId, userId: id, tokenGeneration, methods } = pending
    const where = { tenantId, id, tokenGeneration, disabledAt: null, tenant: { suspendedAt: null } }
    const found = await this.#database.withTenant(tenantId, (session) =>
      session.user.findFirst({ where, include: { tenant: true } }),
    )
    if (found === null) return undefined
    const { tenant, ...user } = found
    return { tenant, user, methods }
  }

  /** Throws when there is no verdict, or when it is a refusal. */
  async #verdictOf(
    checked: { readonly verdict: SignInVerdict } | ClosedAttempt,
    account: NamedAccount,
    source: string,
  ): Promise<Exclude<SignInVerdict, { result: 'refused' }>> {
    if ('waitSeconds' in checked) {
      const checks = [{ check: 'attempts', outcome: 'failed' } as const]
      const first = checked.isFirst ? told(account, source, checks) : undefined
      return this.#outcomes.refuse('too-many-attempts', first, retryAfter(checked.waitSeconds))
    }
    if ('staleCode' in checked) return this.#outcomes.refuse(signInRefusalOf(checked.staleCode), undefined)
    const { verdict } = checked
    if (verdict.result !== 'refused') return verdict
    return this.#outcomes.refuse(verdict.code, told(account, source, verdict.checks))
  }

  async #comeIn(
    { account, factor, look, checks }: Extract<SignInVerdict, { result: 'right' }>,
    source: string,
  ): Promise<SignedInUser> {
    const attempt = told(account, source, checks)
    const user = await this.#outcomes.succeeded(account.user, attempt, factor)
    if (user === undefined) return this.#outcomes.refuse('sign-in-failed', attempt)
    return { status: 'signed-in', user, factor, view: signedInViewOf(user, account.tenant, look) }
  }

  /** Brings the hash to the present parameters; only now is the password known. A password set meanwhile stays. */
  async #renewHash({ tenantId, id, passwordHash }: User, password: string): Promise<void> {
    if (passwordHash === null || !needsRehash(passwordHash)) return
    const data = { passwordHash: await hashPassword(password) }
    await this.#database.withTenant(tenantId, (session) =>
      session.user.updateMany({ where: { tenantId, id, passwordHash }, data }),
    )
  }
}

/** Where attempts at an organisation that does not exist count: a name must not pass for the id of one that does. */
function unknownTenantOf(slug: string): string {
  return `no-tenant:${slug}`
}

function attemptOf(
  tenantId: string,
  account: string,
  source: string,
  credential: Attempt['credential'],
  state: Attempt['state'],
): Attempt {
  return { realm: 'portal', tenantId, account, source, credential, state }
}

function told({ tenant, user }: NamedAccount, source: string, checks: readonly SignInCheck[]): SignInAttempt {
  return { tenantId: tenant?.id, userId: user?.id, source, checks }
}

function settlementOf(verdict: SignInVerdict): Settlement {
  switch (verdict.result) {
    case 'right':
      return 'right'
    case 'asked':
      // No guess, and no success either: the attempts before it still count, or they would be free with the password.
      return 'undecided'
    case 'refused':
      return PASSING.has(verdict.code) ? 'undecided' : { refused: verdict.code, was: verdict.was }
  }
}

/** What the signed-in person learns about themselves. */
export function signedInViewOf(user: User, tenant: Tenant, look: PortalLook): SignedInView {
  const { mustEnrol, enrolBefore } = enrolmentOf(look)
  const { id: userId, username, displayName, email } = user
  return {
    user: { userId, username, role: roleOf(user, tenant), displayName, email },
    mustChangePassword: user.oneTimePassword,
    mustEnrolFactor: mustEnrol,
    enrolFactorBefore: enrolBefore,
    factors: { required: look.policy.mfa === 'required', enrolled: [...look.enrolled] },
  }
}
