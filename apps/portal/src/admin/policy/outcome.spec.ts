import { CHECKS, decide, DEFAULT_POLICY, type MfaPolicy, type VpnFacts } from '@sallyport/mfa-policy'
import { expect, it } from 'vitest'

import { type DryRun, isSameOutcome, outcomeOf } from './outcome.ts'

const NOW = Date.parse('2026-01-15T12:00:00Z')
const HOUR_MS = 3_600_000
const FACTS: VpnFacts = {
  nowMs: NOW,
  geoip: false,
  where: 'vpn',
  phase: 'initial',
  connectionStartedAtMs: null,
  webSignIn: false,
  openConnections: 0,
  account: {
    tenantSuspended: false,
    disabled: false,
    mustChangePassword: false,
    factorGraceFromMs: NOW - 24 * HOUR_MS,
    enrolled: ['totp'],
  },
  source: { address: '192.0.2.1', country: null },
  device: { revoked: false, certificateExpired: false, isNew: true, lastFactor: null },
  credential: { kind: 'password', factor: null },
}

/** Decides as the service does and writes it as the service answers. */
function dryRun(policy: Partial<MfaPolicy>, facts: Partial<VpnFacts> = {}): DryRun {
  const whole = { ...DEFAULT_POLICY, ...policy }
  const decision = decide(whole, { ...FACTS, ...facts })
  const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString())
  return {
    decision: decision.decision,
    reason: 'reason' in decision ? decision.reason : null,
    methods: 'methods' in decision ? [...decision.methods] : [],
    sessionEndsAt: 'sessionEndsAtMs' in decision ? time(decision.sessionEndsAtMs) : null,
    askAgainAt: 'askAgainAtMs' in decision ? time(decision.askAgainAtMs) : null,
    checks: [...decision.checks],
    policy: { ...whole, methods: [...whole.methods], requiredSince: null },
    sources: {},
  }
}

const without = { account: { ...FACTS.account, enrolled: [] } }
const hours = { askAgain: { every: 'hours', hours: 8 } } as const
const proven = { atMs: NOW - HOUR_MS, method: 'totp', address: '192.0.2.1', country: null } as const

it.each([
  ['asked', {}, {}, { kind: 'asked', reason: 'every-connection', methods: ['totp'] }],
  ['refused', {}, without, { kind: 'denied', reason: 'otp-not-enrolled' }],
  ['not asked', { mfa: 'off' }, {}, { kind: 'allowed', factor: 'not-needed' }],
  ['without one where it is optional', { mfa: 'optional' }, without, { kind: 'allowed', factor: 'none-enrolled' }],
  ['in grace', { enrolmentGraceSeconds: 172_800 }, without, { kind: 'allowed', factor: 'in-grace' }],
  ['given', {}, { credential: { kind: 'password', factor: 'totp' } }, { kind: 'allowed', factor: 'given' }],
  ['remembered', hours, { device: { ...FACTS.device, lastFactor: proven } }, { kind: 'allowed', factor: 'remembered' }],
] as const)('reads from the checks of a decision that somebody is %s', (_, policy, facts, outcome) => {
  expect(outcomeOf(dryRun(policy, facts))).toMatchObject(outcome)
})

it('says nothing about the end of a login at the portal', () => {
  expect(outcomeOf(dryRun({ mfa: 'off' }))).toMatchObject({ sessionEndsAt: '2026-01-16T00:00:00.000Z' })
  expect(outcomeOf(dryRun({ mfa: 'off' }), 'portal')).toMatchObject({ factor: 'not-needed', sessionEndsAt: null })
})

it('sees that only the end of a login differs', () => {
  const [long, short] = [3, 1].map((times) => outcomeOf(dryRun({ mfa: 'off', sessionSeconds: times * 3600 })))
  if (long === undefined || short === undefined) throw new Error('no outcome')
  expect(isSameOutcome(long, short)).toBe(false)
  expect(isSameOutcome(long, outcomeOf(dryRun({ mfa: 'off', sessionSeconds: 3 * 3600 })))).toBe(true)
})

it('knows the names of the checks that it looks for', () => {
  expect(CHECKS).toEqual(expect.arrayContaining(['mfa', 'enrolment', 'factor']))
})
