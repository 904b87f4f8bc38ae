import { expect, it } from 'vitest'

import { sessionTimeOf } from './session-time.ts'

const nowMs = Date.parse('2026-11-23T10:00:00.000Z')

it.each([
  ['2026-11-23T18:00:00.000Z', { state: 'good' }],
  ['2026-11-23T10:30:00.001Z', { state: 'good' }],
  ['2026-11-23T10:30:00.000Z', { state: 'ending', minutesLeft: 30 }],
  ['2026-11-23T10:00:01.000Z', { state: 'ending', minutesLeft: 1 }],
  ['2026-11-23T10:00:00.000Z', { state: 'over' }],
  ['2026-11-22T10:00:00.000Z', { state: 'over' }],
] as const)('says of a login that ends at %s: %o', (endsAt, state) => {
  expect(sessionTimeOf(endsAt, nowMs)).toEqual(state)
})
