import { DENY_CODES, NOT_EQUIPPED_MESSAGES } from '@sallyport/contracts'
import { expect, it } from 'vitest'

import { explanationOf, resultOf } from './explanations.ts'

const UNKNOWN = explanationOf('no-such-code', undefined)

it.each([...DENY_CODES, 'declined', ...Object.keys(NOT_EQUIPPED_MESSAGES)])(
  'says what %s means and what to do',
  (code) => {
    const text = explanationOf(code, undefined)
    expect(text).not.toBe(UNKNOWN)
    expect(text).toMatch(/^[A-Z][^\n]{30,}\.$/)
    expect(resultOf(code)).toBe('refused')
  },
)

it('tells asked from refused and from allowed', () => {
  expect(
    ['ok', 'challenge-code', 'challenge-web', 'factor-required', 'wrong-otp', 'no-such-code'].map(resultOf),
  ).toEqual(['allowed', 'asked', 'asked', 'asked', 'refused', 'refused'])
})

it('knows more than the person who signed in was told', () => {
  expect(explanationOf('sign-in-failed', 'password')).toMatch(/password was wrong/)
  expect(explanationOf('sign-in-failed', 'account')).toBe(explanationOf('user-disabled', undefined))
  expect(explanationOf('sign-in-failed', 'tenant')).toBe(explanationOf('tenant-suspended', undefined))
  expect(explanationOf('wrong-otp', 'account')).toBe(explanationOf('wrong-otp', undefined))
})

it('has an answer for a code of another version, and none from an object’s own names', () => {
  expect(UNKNOWN).toMatch(/does not know/)
  expect(explanationOf('constructor', undefined)).toBe(UNKNOWN)
  expect(explanationOf('toString', 'constructor')).toBe(UNKNOWN)
})
