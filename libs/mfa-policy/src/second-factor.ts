import type { AskReason, Check, DenyReason, FactorState, PolicyDuty } from './decision.ts'
import type { AccountFacts, Facts } from './facts.ts'
import { FACTOR_METHODS, type FactorMethod, type MfaPolicy } from './policy.ts'
import { judgeProof, proofEnd } from './proof.ts'

/** What the second factor comes to, once nothing else is in the way. */
export type FactorVerdict = { readonly checks: readonly Check[] } & (
  | {
      readonly result: 'passed'
      readonly factor: FactorState
      readonly askAgainAtMs: number | null
      readonly duty?: PolicyDuty
    }
  | { readonly result: 'asked'; readonly methods: readonly FactorMethod[]; readonly reason: AskReason }
  | { readonly result: 'denied'; readonly reason: DenyReason }
)

/** Tells which of a user's factors the policy accepts and a browser, or a VPN client without one, can be asked for. */
export function usableMethods(
  policy: Pick<MfaPolicy, 'methods'>,
  enrolled: readonly FactorMethod[],
  by: 'browser' | 'client',
): readonly FactorMethod[] {
  return FACTOR_METHODS.filter(
    (method) => policy.methods.includes(method) && enrolled.includes(method) && (by === 'browser' || method === 'totp'),
  )
}

/**
 * Tells until when a user may go without a second factor (it may lie in the past); `null` where that is for ever: none is
 * required, or one is enrolled.
 */
export function enrolmentDeadline(
  policy: MfaPolicy,
  account: Pick<AccountFacts, 'enrolled' | 'factorGraceFromMs'>,
): number | null {
  return policy.mfa === 'required' && account.enrolled.length === 0 ? graceEnd(policy, account) : null
}

function graceEnd(policy: MfaPolicy, { factorGraceFromMs }: Pick<AccountFacts, 'factorGraceFromMs'>): number {
  return Math.max(policy.requiredSinceMs, factorGraceFromMs) + policy.enrolmentGraceSeconds * 1000
}

/** Decides about the second factor of an attempt. */
export function judgeFactor(policy: MfaPolicy, facts: Facts): FactorVerdict {
  const mode: Check = { check: 'mfa', outcome: 'passed', detail: policy.mfa }
  if (policy.mfa === 'off') return { result: 'passed', factor: 'not-needed', askAgainAtMs: null, checks: [mode] }
  const { credential, account } = facts
  const proven = credential.kind === 'password' ? credential.factor : null
  // The last recovery code is not enrolled any more when it has been used.
  const own = proven === null ? account.enrolled : [...account.enrolled, proven]
  if (own.length === 0) return withoutFactor(policy, facts, mode)
  return withFactor(policy, facts, { own, proven, before: [mode, { check: 'enrolment', outcome: 'passed' }] })
}

function withoutFactor(policy: MfaPolicy, facts: Facts, mode: Check): FactorVerdict {
  const { nowMs, account, where } = facts
  const found = (outcome: Check['outcome'], detail: string): { checks: Check[] } => ({
    checks: [mode, { check: 'enrolment', outcome, detail }],
  })
  if (policy.mfa === 'optional') {
    return { result: 'passed', factor: 'not-needed', askAgainAtMs: null, ...found('passed', 'none') }
  }
  const graceEndMs = graceEnd(policy, account)
  if (nowMs < graceEndMs) {
    return { result: 'passed', factor: 'in-grace', askAgainAtMs: graceEndMs, ...found('passed', 'in-grace') }
  }
  if (where === 'vpn') return { result: 'denied', reason: 'otp-not-enrolled', ...found('failed', 'none') }
  const factor = 'not-enrolled'
  return { result: 'passed', factor, askAgainAtMs: null, duty: 'factor-enrolment', ...found('asked', 'none') }
}

/** What the user has, this proof included, and what was proven just now. */
interface OwnFactors {
  readonly own: readonly FactorMethod[]
  readonly proven: FactorMethod | null
  readonly before: readonly Check[]
}

function withFactor(policy: MfaPolicy, facts: Facts, { own, proven, before }: OwnFactors): FactorVerdict {
  const by = facts.where === 'portal' || facts.webSignIn ? 'browser' : 'client'
  if (proven !== null && usableMethods(policy, [proven], by).length > 0) {
    const checks: Check[] = [...before, { check: 'factor', outcome: 'passed', detail: proven }]
    // The portal asks each time, so that nothing is remembered there.
    const askAgainAtMs = facts.where === 'portal' ? null : proofEnd(policy, facts.nowMs)
    return { result: 'passed', factor: 'given', askAgainAtMs, checks }
  }
  const given: Check =
    proven === null
      ? { check: 'factor', outcome: 'skipped', detail: 'none-given' }
      : { check: 'factor', outcome: 'failed', detail: 'method-not-allowed' }
  const usable = usableMethods(policy, own, by)
  if (facts.where === 'portal') return ask(policy, facts, { own, usable, reason: 'portal-sign-in' }, [...before, given])

  const { finding, checks } = judgeProof(policy, facts)
  const sofar = [...before, given, ...checks]
  if (finding.goodUntilMs === undefined) return ask(policy, facts, { own, usable, reason: finding.reason }, sofar)
  return { result: 'passed', factor: 'remembered', askAgainAtMs: finding.goodUntilMs, checks: sofar }
}

interface Question {
  readonly own: readonly FactorMethod[]
  readonly usable: readonly FactorMethod[]
  readonly reason: AskReason
}

/**
 * Asks, where somebody can be asked. Who shows a token is told that it is over, whereupon the client asks for the
 * password, and the code with it; on renegotiation nobody sits there.
 */
function ask(
  policy: MfaPolicy,
  facts: Facts,
  { own, usable, reason }: Question,
  before: readonly Check[],
): FactorVerdict {
  const denied = (code: DenyReason): FactorVerdict => {
    return {
      result: 'denied',
      reason: code,
      checks: [...before, { check: 'question', outcome: 'failed', detail: code }],
    }
  }
  if (facts.credential.kind === 'token') return denied('token-expired')
  if (usable.length === 0) {
    // Only who can still sign in to the portal can enrol an authenticator app there.
    const canEnrol = policy.methods.includes('totp') && usableMethods(policy, own, 'browser').length > 0
    return denied(canEnrol ? 'otp-not-enrolled' : 'method-not-allowed')
  }
  if (facts.where === 'vpn' && facts.phase === 'renegotiation') return denied('otp-required')
  return { result: 'asked', methods: usable, reason, checks: [...before, { check: 'question', outcome: 'asked' }] }
}
