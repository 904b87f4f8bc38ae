import { Inject, Injectable } from '@nestjs/common'
import { Database, type Tenant, type User } from '@sallyport/database'
import { verifyPassword } from '@sallyport/identity'
import type { FactorMethod } from '@sallyport/mfa-policy'

import { FactorCheck, REFUSAL_OF_METHOD, typedFactorOf } from './factor-check.ts'
import { type PortalLook, PortalPolicy } from './portal-policy.ts'
import type { FactorAnswer, SignInRequest } from './sign-in.schemas.ts'
import { SignInChallenges } from './sign-in-challenges.ts'
import { type SignInCheck, type SignInRefusal, signInRefusalOf } from './sign-in-outcomes.ts'

/** An account that a sign-in is about, as far as it exists. */
export interface NamedAccount {
  readonly tenant: Tenant | null
  readonly user: User | null
}

/** An account that exists. */
export interface KnownAccount {
  readonly tenant: Tenant
  readonly user: User
}

/** An account whose password was right, and what it can be asked for. */
export interface AskedAccount extends KnownAccount {
  readonly methods: readonly FactorMethod[]
}

/** What the credentials came to. */
export type SignInVerdict = { readonly checks: readonly SignInCheck[] } & (
  | { readonly result: 'refused'; readonly code: SignInRefusal; readonly was: 'a guess' | 'no guess' }
  | { readonly result: 'asked'; readonly account: AskedAccount }
  | {
      readonly result: 'right'
      readonly account: KnownAccount
      readonly factor: FactorMethod | undefined
      readonly look: PortalLook
    }
)

const PASSWORD_WAS_RIGHT: SignInCheck = { check: 'password', outcome: 'passed' }

/** Judges what somebody shows at the portal: the password, then what the policy wants beside it. */
@Injectable()
export class SignInJudge {
  readonly #database: Database
  readonly #policy: PortalPolicy
  readonly #factors: FactorCheck
  readonly #challenges: SignInChallenges

  constructor(
    @Inject(Database) database: Database,
    @Inject(PortalPolicy) policy: PortalPolicy,
    @Inject(FactorCheck) factors: FactorCheck,
    @Inject(SignInChallenges) challenges: SignInChallenges,
  ) {
    this.#database = database
    this.#policy = policy
    this.#factors = factors
    this.#challenges = challenges
  }

  /** Judges the password, and the code if one came along. Every way to be refused before the policy costs the same. */
  async judgePassword(named: NamedAccount, request: SignInRequest, source: string): Promise<SignInVerdict> {
    const account = await provenAccount(named, request.password)
    if ('checks' in account) return { result: 'refused', code: 'sign-in-failed', was: 'a guess', ...account }
    const verdict = await this.#judgeAccount(account, source, null)
    const { otp = '' } = request
    if (verdict.result !== 'asked' || otp === '') return verdict
    // Who can only use a passkey is asked for it, whatever was typed.
    if (verdict.account.methods.every((method) => method === 'passkey')) return verdict
    return this.#judgeFactor(verdict.account, '', typedFactorOf(otp), source)
  }

  /** Judges the answer to a challenge; a right one has used it up. */
  async judgeAnswer(
    account: AskedAccount,
    challenge: string,
    answer: FactorAnswer,
    source: string,
  ): Promise<SignInVerdict> {
    const checks = [PASSWORD_WAS_RIGHT]
    const expired = { result: 'refused', code: 'challenge-expired', was: 'no guess', checks } as const
    if (!(await this.#challenges.countTry(challenge))) return expired
    const verdict = await this.#judgeFactor(account, challenge, answer, source)
    if (verdict.result === 'refused') return verdict
    // Asked again: the policy changed since, and the way to sign in has to begin anew.
    return verdict.result === 'right' && (await this.#challenges.useUp(challenge)) ? verdict : expired
  }

  async #judgeFactor(
    account: AskedAccount,
    challenge: string,
    answer: FactorAnswer,
    source: string,
  ): Promise<SignInVerdict> {
    const { method } = answer
    const used = account.methods.includes(method)
      ? await this.#factors.use(account.user, answer, challenge)
      : ({ code: REFUSAL_OF_METHOD[method], was: 'a guess' } as const)
    if (used === 'accepted') return this.#judgeAccount(account, source, method)
    const failed: SignInCheck = { check: 'factor', outcome: 'failed', detail: used.code }
    return { result: 'refused', ...used, checks: [PASSWORD_WAS_RIGHT, failed] }
  }

  /** Asks the policy about somebody whose password was right. */
  async #judgeAccount(account: KnownAccount, address: string, factor: FactorMethod | null): Promise<SignInVerdict> {
    const { user, tenant } = account
    const look = await this.#database.withTenant(tenant.id, (session) =>
      this.#policy.look(session, user, tenant, { address, factor }),
    )
    const { decision } = look
    const checks = [PASSWORD_WAS_RIGHT, ...decision.checks]
    switch (decision.decision) {
      case 'allow':
        return { result: 'right', account, factor: factor ?? undefined, look, checks }
      case 'challenge':
        return { result: 'asked', account: { ...account, methods: decision.methods }, checks }
      case 'deny':
        return { result: 'refused', code: signInRefusalOf(decision.reason), was: 'no guess', checks }
    }
  }
}

/** Gives the account when it exists, may be used and has this password; else what was looked at. */
async function provenAccount(
  { tenant, user }: NamedAccount,
  password: string,
): Promise<KnownAccount | { readonly checks: readonly SignInCheck[] }> {
  const isRight = await verifyPassword(user?.passwordHash ?? null, password)
  if (tenant === null || user === null) return { checks: [{ check: 'account', outcome: 'failed', detail: 'unknown' }] }
  if (!isRight) {
    const detail = user.passwordHash === null ? { detail: 'none-set' } : {}
    return { checks: [{ check: 'password', outcome: 'failed', ...detail }] }
  }
  if (tenant.suspendedAt !== null) return { checks: [PASSWORD_WAS_RIGHT, { check: 'tenant', outcome: 'failed' }] }
  if (user.disabledAt !== null) return { checks: [PASSWORD_WAS_RIGHT, { check: 'account', outcome: 'failed' }] }
  return { tenant, user }
}
