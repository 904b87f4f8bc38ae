import { DEFAULT_POLICY } from '@sallyport/mfa-policy'
import { expect, it } from 'vitest'

import { DEFAULT_RULES } from './policy.schemas.ts'
import { overrideAfter, overrideOf, policyOf, rulesOf, successorOf } from './stored-policy.ts'

const THEN_MS = 1_000_000
const NOW_MS = 2_000_000
const REQUIRED = { mfa: 'required' } as const
const OPTIONAL = { mfa: 'optional' } as const

it('reads a tenant without a row, and what a row leaves out, as the defaults', () => {
  for (const nothing of [undefined, null, {}]) expect(policyOf(nothing)).toEqual(DEFAULT_POLICY)
  expect(policyOf({ mfa: 'off', idleSeconds: 60 })).toEqual({ ...DEFAULT_POLICY, mfa: 'off', idleSeconds: 60 })
})

it('tells what a group says from what it leaves out, null among what it says', () => {
  expect(overrideOf({})).toEqual({})
  expect(Object.keys(overrideOf({ sessionsEndAt: null, mfa: undefined }))).toEqual(['sessionsEndAt'])
})

it.each([
  ['a rule that does not exist', { mfaa: 'off' }],
  ['a rule of another type', { sessionSeconds: '60' }],
  ['what is no object', 'off'],
  ['a list', [{ mfa: 'off' }]],
])('reads no row with %s: a policy that is not understood lets nobody in', (_what, stored) => {
  expect(() => overrideOf(stored)).toThrow()
  expect(() => policyOf(stored)).toThrow()
})

it('reads a number that is out of today’s limits: it was set under others', () => {
  expect(overrideOf({ sessionSeconds: 59 })).toEqual({ sessionSeconds: 59 })
})

it('shows a group’s rules as they were set', () => {
  expect(rulesOf({ ...REQUIRED, requiredSinceMs: THEN_MS, deviceLimit: null })).toEqual({
    ...REQUIRED,
    deviceLimit: null,
  })
})

it('begins the time to enrol when a factor becomes required, and not again while it is', () => {
  const optional = policyOf(OPTIONAL)
  expect(successorOf(optional, { ...DEFAULT_RULES, ...REQUIRED }, NOW_MS).requiredSinceMs).toBe(NOW_MS)
  const required = policyOf({ ...REQUIRED, requiredSinceMs: THEN_MS })
  expect(successorOf(required, { ...DEFAULT_RULES, idleSeconds: 60 }, NOW_MS).requiredSinceMs).toBe(THEN_MS)
  expect(successorOf(policyOf({}), DEFAULT_RULES, NOW_MS).requiredSinceMs).toBe(0)
})

it('begins it for a group that comes to state it, and forgets it when the group is silent', () => {
  expect(overrideAfter({}, REQUIRED, NOW_MS)).toEqual({ ...REQUIRED, requiredSinceMs: NOW_MS })
  const stated = { ...REQUIRED, requiredSinceMs: THEN_MS }
  expect(overrideAfter(stated, { ...REQUIRED, deviceLimit: 1 }, NOW_MS)).toEqual({ ...stated, deviceLimit: 1 })
  expect(overrideAfter(stated, { deviceLimit: 1 }, NOW_MS)).toEqual({ deviceLimit: 1 })
  expect(overrideAfter({}, OPTIONAL, NOW_MS)).toEqual({ ...OPTIONAL, requiredSinceMs: 0 })
})
