import { Inject, Injectable } from '@nestjs/common'
import { Database, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { Check, FactorMethod } from '@sallyport/mfa-policy'
import { Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { type AuditDetails, recordAudit } from '../audit/audit-log.ts'
import { Geoip } from '../geoip/geoip.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { FACTOR_REFUSALS } from './factor-check.ts'

const OUTCOMES = [
  'ok',
  'factor-required',
  'sign-in-failed',
  ...FACTOR_REFUSALS,
  'method-not-allowed',
  'challenge-expired',
  'too-many-attempts',
] as const
type Outcome = (typeof OUTCOMES)[number]
/** Why a sign-in was refused. */
export type SignInRefusal = Exclude<Outcome, 'ok' | 'factor-required'>

const STATUSES: Readonly<Record<SignInRefusal, number>> = {
  'sign-in-failed': 401,
  'wrong-otp': 401,
  'wrong-recovery-code': 401,
  'wrong-passkey': 401,
  'passkey-copied': 401,
  'method-not-allowed': 403,
  'challenge-expired': 410,
  'too-many-attempts': 429,
}

/** What somebody who was refused reads, by the code. */
export const SIGN_IN_MESSAGES: Readonly<Record<SignInRefusal, string>> = {
  'sign-in-failed': 'The organisation, user name or password is not right.',
  'wrong-otp': 'The code is not right, or was used before. Please wait for the next one.',
  'wrong-recovery-code': 'The recovery code is not right, or was used before.',
  'wrong-passkey': 'The passkey was not accepted. Please try again.',
  'passkey-copied': 'Somebody may have a copy of this passkey. Please sign in in another way and remove it.',
  'method-not-allowed':
    'Your organisation does not accept the second factor that you have. Please ask your administrator.',
  'challenge-expired': 'This sign-in took too long, or was finished. Please begin again.',
  'too-many-attempts': 'There were too many attempts. Please wait a while.',
}

/** One thing that was looked at; what the policy looks at has names of its own. */
export interface SignInCheck {
  readonly check: Check['check'] | 'password' | 'attempts'
  readonly outcome: Check['outcome']
  readonly detail?: string | number
}

/** An attempt as the audit log tells of it. */
export interface SignInAttempt {
  /** `undefined` when there is no such tenant: nobody's log tells of it. */
  readonly tenantId: string | undefined
  /** `undefined` when the tenant has no such user. */
  readonly userId: string | undefined
  readonly source: string
  readonly checks: readonly SignInCheck[]
}

/** Gives a known refusal's code back; what was remembered by another version is a wrong password. */
export function signInRefusalOf(code: string): SignInRefusal {
  const outcome = OUTCOMES.find((known) => known === code)
  return outcome === undefined || outcome === 'ok' || outcome === 'factor-required' ? 'sign-in-failed' : outcome
}

/** Counts what sign-ins come to, and writes it into the audit log of the tenant. */
@Injectable()
export class SignInOutcomes {
  readonly #database: Database
  readonly #geoip: Geoip
  readonly #clock: Clock
  readonly #outcomes: ReasonCounter<Outcome>

  constructor(
    @Inject(Database) database: Database,
    @Inject(Geoip) geoip: Geoip,
    @Inject(Metrics) metrics: Metrics,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#geoip = geoip
    this.#clock = clock
    this.#outcomes = metrics.reasonCounter('portal_sign_ins_total', 'Sign-ins to the portal by outcome.', OUTCOMES)
  }

  /** Notes that a second factor was asked for. */
  async asked(attempt: SignInAttempt): Promise<void> {
    this.#outcomes.increment('factor-required')
    await this.#write(attempt, 'factor-required')
  }

  /** Throws the refusal; one that only repeats another (`attempt` is undefined) is not written down again. */
  async refuse(
    code: SignInRefusal,
    attempt: SignInAttempt | undefined,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<never> {
    this.#outcomes.increment(code)
    if (attempt !== undefined) await this.#write(attempt, code)
    throw new ApiProblem(STATUSES[code], code, SIGN_IN_MESSAGES[code], undefined, headers)
  }

  /** Notes a success; gives the user as they are then, or `undefined` when their sign-ins were ended meanwhile. */
  async succeeded(
    user: Pick<User, 'tenantId' | 'id' | 'tokenGeneration'>,
    attempt: SignInAttempt,
    factor: FactorMethod | undefined,
  ): Promise<User | undefined> {
    const { tenantId, id, tokenGeneration } = user
    const data = { lastSignInAt: new Date(this.#clock.now()) }
    const signedIn = await this.#database.withTenant(tenantId, async (session) => {
      const { count } = await session.user.updateMany({
        where: { tenantId, id, tokenGeneration, disabledAt: null },
        data,
      })
      if (count !== 1) return undefined
      const details = { ...this.#detailsOf(attempt), ...(factor === undefined ? {} : { factor }) }
      await recordAudit(session, tenantId, { actor: `user:${id}`, action: 'portal.sign-in', userId: id, details })
      return session.user.findUniqueOrThrow({ where: { tenantId_id: { tenantId, id } } })
    })
    if (signedIn !== undefined) this.#outcomes.increment('ok')
    return signedIn
  }

  /** An unknown name costs the same transaction as a wrong password: its time tells no more than its text. */
  async #write(attempt: SignInAttempt, outcome: Outcome): Promise<void> {
    const { tenantId, userId } = attempt
    if (tenantId === undefined) return
    const actor = userId === undefined ? 'anonymous' : `user:${userId}`
    const of = userId === undefined ? {} : { userId }
    const entry = { actor, action: 'portal.sign-in', outcome, ...of, details: this.#detailsOf(attempt) }
    await this.#database.withTenant(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  #detailsOf({ checks, source }: SignInAttempt): AuditDetails {
    const country = this.#geoip.countryOf(source)
    return { checks, source, ...(country === null ? {} : { country }) }
  }
}
