import type { Facts } from './facts.ts'
import { nextLocalTime } from './local-time.ts'
import type { MfaPolicy } from './policy.ts'

/** How far a time may lie in the future and still be taken for now: clocks are set, and differ between machines. */
export const CLOCK_TOLERANCE_MS = 600_000

/**
 * Tells when the login of an attempt began, no later than now; `undefined` when it begins with this attempt. A password
 * that is given again on renegotiation goes on with its connection's login.
 */
export function loginStartOf(facts: Facts): number | undefined {
  const { credential, nowMs } = facts
  if (credential.kind === 'token') return Math.min(credential.loginStartedAtMs, nowMs)
  if (facts.where === 'portal' || facts.phase === 'initial' || facts.connectionStartedAtMs === null) return undefined
  return Math.min(facts.connectionStartedAtMs, nowMs)
}

/** Tells when the login of an attempt ends at the latest. */
export function sessionEndOf(policy: MfaPolicy, facts: Facts): number {
  const start = loginStartOf(facts) ?? facts.nowMs
  const longest = start + policy.sessionSeconds * 1000
  if (policy.sessionsEndAt === null) return longest
  return Math.min(longest, nextLocalTime(start, policy.sessionsEndAt, policy.timeZone))
}
