import { expect, it } from 'vitest'

import { firstMoment, momentAfter } from './preview-moment.ts'

const NOON_MS = Date.UTC(2026, 5, 1, 12)
const begun = momentAfter(firstMoment(NOON_MS), 'optional', NOON_MS)

it('keeps one moment for all examples while the same rules are stored', () => {
  expect(begun.generation).toBe(0)
  expect(begun.at).toBe(firstMoment(NOON_MS).at)
  expect(momentAfter(begun, 'optional', NOON_MS + 60_000)).toBe(begun)
})

it('supposes everything after other rules were stored, also when they are the first ones again', () => {
  const savedMs = NOON_MS + 60_000
  // The service's clock is known in whole seconds.
  const required = momentAfter(begun, 'required', savedMs - 999)
  expect(required.generation).toBe(1)
  expect(Date.parse(required.at)).toBeGreaterThan(savedMs)
  const again = momentAfter(required, 'optional', savedMs + 60_000)
  expect(again.generation).toBe(2)
  expect(Date.parse(again.at)).toBeGreaterThan(savedMs + 60_000)
})
