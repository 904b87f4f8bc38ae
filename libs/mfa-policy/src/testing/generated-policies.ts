import fc from 'fast-check'

import { type AskAgain, FACTOR_METHODS, MFA_MODES, type MfaPolicy } from '../policy.ts'
import { isAtLeastAsStrict } from '../strictness.ts'

const HOUR = 3600
/** Few values, so that two policies, and a policy and an attempt, often meet. */
const localTime = fc.constantFrom('04:00', '02:30', '12:00', '13:00')
const seconds = fc.constantFrom(60, 600, HOUR, 2 * HOUR, 8 * HOUR, 12 * HOUR, 24 * HOUR)

/** Methods of which there is at least one. */
export const anyMethods = fc.uniqueArray(fc.constantFrom(...FACTOR_METHODS), { minLength: 1 })

const askAgain: fc.Arbitrary<AskAgain> = fc.oneof(
  fc.constant({ every: 'connection' as const }),
  fc.constantFrom(1, 2, 8, 12, 24).map((hours) => ({ every: 'hours' as const, hours })),
  localTime.map((untilLocalTime) => ({ every: 'day' as const, untilLocalTime })),
)

/** Any policy without problems. */
export const anyPolicy: fc.Arbitrary<MfaPolicy> = fc
  .record({
    mfa: fc.constantFrom(...MFA_MODES),
    methods: anyMethods,
    enrolmentGraceSeconds: fc.constantFrom(0, HOUR, 24 * HOUR, 7 * 24 * HOUR),
    requiredSinceMs: fc.constantFrom(0, Date.UTC(2026, 2, 28), Date.UTC(2026, 2, 29, 1)),
    askAgain,
    askOnNewDevice: fc.boolean(),
    askOnAddressChange: fc.boolean(),
    askOnCountryChange: fc.boolean(),
    timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe'),
    sessionSeconds: seconds,
    sessionsEndAt: fc.option(localTime),
    idleSeconds: fc.option(seconds),
    tokenSeconds: seconds,
    deviceLimit: fc.option(fc.integer({ min: 1, max: 4 })),
    connectionLimit: fc.option(fc.integer({ min: 1, max: 4 })),
    deviceCertificateDays: fc.integer({ min: 1, max: 40 }),
    deviceRenewalDays: fc.integer({ min: 0, max: 40 }),
  })
  .map((policy) => ({
    ...policy,
    tokenSeconds: Math.min(policy.tokenSeconds, policy.sessionSeconds),
    deviceRenewalDays: Math.min(policy.deviceRenewalDays, policy.deviceCertificateDays),
  }))

/** A policy, and another one that is the same or stricter in every rule: some rules of a third put in where they are. */
export const anyStricterPair: fc.Arbitrary<{ readonly policy: MfaPolicy; readonly stricter: MfaPolicy }> = fc
  .tuple(anyPolicy, anyPolicy, fc.integer({ min: 0, max: 2 ** 20 - 1 }))
  .map(([policy, other, choice]) => ({ policy, stricter: tightened(policy, other, choice) }))

/** Takes from `other` each rule that `choice` names (a bit each) and that leaves the policy as strict as it was. */
function tightened(policy: MfaPolicy, other: MfaPolicy, choice: number): MfaPolicy {
  const shared = other.methods.filter((method) => policy.methods.includes(method))
  const changes = Object.entries({ ...other, methods: shared.length === 0 ? policy.methods : shared })
  // Rules that bear on one another (how long a session is, how often it is asked) come one after the other.
  return changes.toReversed().reduce<MfaPolicy>((strict, [field, value], place) => {
    const changed: MfaPolicy = { ...strict, [field]: value }
    return (choice >> place) % 2 === 1 && isAtLeastAsStrict(changed, strict) ? changed : strict
  }, policy)
}
