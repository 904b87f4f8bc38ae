import { expect, it } from 'vitest'

import { draftOf, problemsOf, rulesIn, statedRules } from './policy-draft.ts'
import type { Rules } from './rules.ts'

const RULES: Rules = {
  mfa: 'required',
  methods: ['totp', 'passkey', 'recovery-code'],
  enrolmentGraceSeconds: 0,
  askAgain: { every: 'connection' },
  askOnNewDevice: false,
  askOnAddressChange: true,
  askOnCountryChange: false,
  timeZone: 'UTC',
  sessionSeconds: 43_200,
  sessionsEndAt: null,
  idleSeconds: null,
  tokenSeconds: 43_200,
  deviceLimit: null,
  connectionLimit: 3,
  deviceCertificateDays: 730,
  deviceRenewalDays: 30,
}

it.each([
  RULES,
  { ...RULES, askAgain: { every: 'hours', hours: 8 }, sessionsEndAt: '03:30', idleSeconds: 5400, deviceLimit: 2 },
  { ...RULES, askAgain: { every: 'day', untilLocalTime: '05:00' }, enrolmentGraceSeconds: 7 * 86_400 },
] satisfies Rules[])('reads from a form what was written into it', (rules) => {
  expect(rulesIn(draftOf(rules))).toEqual(rules)
})

it('names the field of whatever is no rule, and does not take an empty text for zero', () => {
  const draft = {
    ...draftOf(RULES),
    methods: [],
    askAgain: { every: 'hours', hours: '1.5', time: '04:00' },
    enrolmentGraceSeconds: { text: '', unit: 'day' },
    sessionSeconds: { text: '30', unit: 'second' },
    sessionsEndAt: { isSet: true, time: '24:00' },
    timeZone: 'Berlin',
    deviceRenewalDays: '731',
  } as const
  const problems = problemsOf(rulesIn({ ...draft, methods: [...draft.methods] }))
  expect([...problems].map(([field, { problem }]) => [field, problem]).sort()).toEqual([
    ['askAgain.hours', 'not-whole'],
    ['deviceRenewalDays', 'exceeds'],
    ['enrolmentGraceSeconds', 'not-whole'],
    ['methods', 'empty'],
    ['sessionSeconds', 'out-of-range'],
    ['sessionsEndAt', 'bad-local-time'],
    ['timeZone', 'unknown-time-zone'],
    ['tokenSeconds', 'exceeds'],
  ])
  expect(problems.get('sessionSeconds')).toMatchObject({ min: 60 })
})

it('takes of a group’s form only what the group states, null included', () => {
  expect(statedRules(RULES, new Set(['sessionsEndAt', 'mfa']))).toEqual({ sessionsEndAt: null, mfa: 'required' })
  expect(problemsOf(statedRules({ ...RULES, tokenSeconds: 90_000 }, new Set(['tokenSeconds']))).size).toBe(0)
})
