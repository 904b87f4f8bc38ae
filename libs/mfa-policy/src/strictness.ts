import { CLOCK_TOLERANCE_MS } from './login.ts'
import { MFA_MODES, type MfaPolicy } from './policy.ts'

/**
 * Says whether a policy is known to allow nothing that `other` denies, and no session longer than `other` does: each of
 * its rules is the same or stricter. It is a partial order: of two policies, often neither is (a code at every
 * connection and a code every hour, for one), and a local time is comparable only to the same one in the same zone.
 */
export function isAtLeastAsStrict(policy: MfaPolicy, other: MfaPolicy): boolean {
  return (
    MFA_MODES.indexOf(policy.mfa) <= MFA_MODES.indexOf(other.mfa) &&
    policy.methods.every((method) => other.methods.includes(method)) &&
    policy.enrolmentGraceSeconds <= other.enrolmentGraceSeconds &&
    policy.requiredSinceMs <= other.requiredSinceMs &&
    asksAsOften(policy, other) &&
    implies(other.askOnNewDevice, policy.askOnNewDevice) &&
    implies(other.askOnAddressChange, policy.askOnAddressChange) &&
    implies(other.askOnCountryChange, policy.askOnCountryChange) &&
    policy.sessionSeconds <= other.sessionSeconds &&
    endsAsEarly(policy, other) &&
    policy.tokenSeconds <= other.tokenSeconds &&
    isWithin(policy.idleSeconds, other.idleSeconds) &&
    isWithin(policy.deviceLimit, other.deviceLimit) &&
    isWithin(policy.connectionLimit, other.connectionLimit) &&
    policy.deviceCertificateDays <= other.deviceCertificateDays &&
    policy.deviceRenewalDays <= other.deviceRenewalDays
  )
}

function asksAsOften(policy: MfaPolicy, other: MfaPolicy): boolean {
  const [one, two] = [policy.askAgain, other.askAgain]
  switch (two.every) {
    case 'connection':
      return one.every === 'connection'
    case 'hours':
      if (one.every === 'hours') return one.hours <= two.hours
      // A login's own proof may be that much older than the login, and lasts as long as the login.
      return one.every === 'connection' && policy.sessionSeconds * 1000 + CLOCK_TOLERANCE_MS <= two.hours * 3_600_000
    case 'day':
      return one.every === 'day' && one.untilLocalTime === two.untilLocalTime && policy.timeZone === other.timeZone
  }
}

function endsAsEarly(policy: MfaPolicy, other: MfaPolicy): boolean {
  if (other.sessionsEndAt === null) return true
  return policy.sessionsEndAt === other.sessionsEndAt && policy.timeZone === other.timeZone
}

function implies(premise: boolean, conclusion: boolean): boolean {
  return !premise || conclusion
}

function isWithin(limit: number | null, other: number | null): boolean {
  return other === null || (limit !== null && limit <= other)
}
