import fc from 'fast-check'
import { expect, it } from 'vitest'

import { decide } from './decide.ts'
import { decideDevice } from './decide-device.ts'
import type { Decision } from './decision.ts'
import { DEFAULT_POLICY, type MfaPolicy } from './policy.ts'
import { isAtLeastAsStrict } from './strictness.ts'
import { anyFacts, anyWish } from './testing/generated-facts.ts'
import { anyPolicy, anyStricterPair } from './testing/generated-policies.ts'

const ORDER = ['deny', 'challenge', 'allow to enrol', 'allow'] as const
type Level = (typeof ORDER)[number]

function levelOf(decision: Decision): Level {
  if (decision.decision !== 'allow') return decision.decision
  return decision.duties.includes('factor-enrolment') ? 'allow to enrol' : 'allow'
}

/** Until when somebody can go on without doing anything. */
function freeUntil(decision: Decision): number {
  if (decision.decision !== 'allow' || decision.duties.length > 0) return 0
  return Math.min(decision.sessionEndsAtMs, decision.askAgainAtMs ?? Infinity)
}

it('allows nothing that a stricter policy denies, and no longer', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(anyStricterPair, anyFacts, ({ policy, stricter }, facts) => {
      const [loose, strict] = [decide(policy, facts), decide(stricter, facts)]
      seen.add(`${levelOf(loose)} → ${levelOf(strict)}`)
      expect(ORDER.indexOf(levelOf(strict))).toBeLessThanOrEqual(ORDER.indexOf(levelOf(loose)))
      expect(freeUntil(strict)).toBeLessThanOrEqual(freeUntil(loose))
      if (loose.decision !== 'allow' || strict.decision !== 'allow') return
      expect(strict.sessionEndsAtMs).toBeLessThanOrEqual(loose.sessionEndsAtMs)
      expect(strict.duties).toEqual(expect.arrayContaining([...loose.duties]))
    }),
    { numRuns: 30_000 },
  )
  const pairs = [
    'allow → allow',
    'allow → challenge',
    'allow → deny',
    'allow → allow to enrol',
    'challenge → challenge',
  ]
  expect([...seen]).toEqual(expect.arrayContaining([...pairs, 'challenge → deny', 'deny → deny']))
}, 60_000)

it('gives no certificate that a stricter policy denies, and none for longer', () => {
  fc.assert(
    fc.property(anyStricterPair, anyWish, ({ policy, stricter }, wish) => {
      const [loose, strict] = [decideDevice(policy, wish), decideDevice(stricter, wish)]
      if (strict.decision === 'deny') return
      expect(loose.decision).toBe('allow')
      if (loose.decision === 'allow') expect(strict.certificateEndsAtMs).toBeLessThanOrEqual(loose.certificateEndsAtMs)
    }),
    { numRuns: 5000 },
  )
})

it('is an order: everything is as strict as itself, and what is stricter than the stricter is stricter', () => {
  fc.assert(
    fc.property(anyPolicy, anyPolicy, anyPolicy, (one, two, three) => {
      expect(isAtLeastAsStrict(one, one)).toBe(true)
      if (isAtLeastAsStrict(one, two) && isAtLeastAsStrict(two, three)) expect(isAtLeastAsStrict(one, three)).toBe(true)
    }),
  )
  fc.assert(
    fc.property(anyStricterPair, ({ policy, stricter }) => {
      expect(isAtLeastAsStrict(stricter, policy)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})

const HOURS = { every: 'hours', hours: 8 } as const
const DAY = { every: 'day', untilLocalTime: '04:00' } as const

it.each<[string, Partial<MfaPolicy>, Partial<MfaPolicy>]>([
  ['required is stricter than optional', { mfa: 'required' }, { mfa: 'optional' }],
  ['optional is stricter than off', { mfa: 'optional' }, { mfa: 'off' }],
  ['fewer methods are stricter', { methods: ['totp'] }, { methods: ['totp', 'passkey'] }],
  ['less grace is stricter', { enrolmentGraceSeconds: 1 }, { enrolmentGraceSeconds: 2 }],
  ['grace that began earlier is stricter', { requiredSinceMs: 1 }, { requiredSinceMs: 2 }],
  ['fewer hours are stricter', { askAgain: { every: 'hours', hours: 7 } }, { askAgain: HOURS }],
  ['every login is stricter than hours that outlast it', { sessionSeconds: 7 * 3600 + 3000 }, { askAgain: HOURS }],
  ['asking new devices is stricter', { askOnNewDevice: true }, {}],
  ['asking at new addresses is stricter', { askOnAddressChange: true }, {}],
  ['asking in new countries is stricter', { askOnCountryChange: true }, {}],
  ['shorter sessions are stricter', { sessionSeconds: 60 }, {}],
  ['an end of the day is stricter than none', { sessionsEndAt: '04:00' }, {}],
  ['a limit of idleness is stricter than none', { idleSeconds: 60 }, { idleSeconds: null }],
  ['shorter tokens are stricter', { tokenSeconds: 60 }, {}],
  ['fewer devices are stricter', { deviceLimit: 1 }, { deviceLimit: 2 }],
  ['fewer connections are stricter', { connectionLimit: 1 }, {}],
  ['shorter certificates are stricter', { deviceCertificateDays: 1 }, {}],
  ['later renewals are stricter', { deviceRenewalDays: 1 }, {}],
])('%s, not the other way round', (_, strict, loose) => {
  const [stricter, policy] = [
    { ...DEFAULT_POLICY, ...strict },
    { ...DEFAULT_POLICY, ...loose },
  ]
  expect(isAtLeastAsStrict(stricter, policy)).toBe(true)
  expect(isAtLeastAsStrict(policy, stricter)).toBe(false)
})

it.each<[string, Partial<MfaPolicy>, Partial<MfaPolicy>]>([
  ['every login and hours that its proof may outlast', { sessionSeconds: 7 * 3600 + 3001 }, { askAgain: HOURS }],
  ['hours and a time of day', { askAgain: HOURS }, { askAgain: DAY }],
  ['every login and a time of day', {}, { askAgain: DAY }],
  ['two times of day', { askAgain: { ...DAY, untilLocalTime: '03:00' } }, { askAgain: DAY }],
  ['a time of day in two zones', { askAgain: DAY, timeZone: 'Europe/Berlin' }, { askAgain: DAY }],
  ['two ends of the day', { sessionsEndAt: '03:00' }, { sessionsEndAt: '04:00' }],
  ['an end of the day in two zones', { sessionsEndAt: '03:00', timeZone: 'Europe/Berlin' }, { sessionsEndAt: '03:00' }],
  ['different methods', { methods: ['totp'] }, { methods: ['passkey'] }],
  ['longer sessions for more factors', { mfa: 'required' }, { mfa: 'off', sessionSeconds: 60 }],
])('does not compare %s', (_, one, other) => {
  expect(isAtLeastAsStrict({ ...DEFAULT_POLICY, ...one }, { ...DEFAULT_POLICY, ...other })).toBe(false)
  expect(isAtLeastAsStrict({ ...DEFAULT_POLICY, ...other }, { ...DEFAULT_POLICY, ...one })).toBe(false)
})
