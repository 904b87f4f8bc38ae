import { beforeEach, expect, it } from 'vitest'

import { clockError, noteServerTime, serverNowMs } from './server-clock.ts'

const SERVER = 'Mon, 23 Nov 2026 10:00:00 GMT'
const serverMs = Date.parse(SERVER)

beforeEach(() => {
  noteServerTime(SERVER, serverMs)
})

it.each([0, 999, -60_000, 60_000])('takes a clock that is %i ms ahead for right', (aheadMs) => {
  noteServerTime(SERVER, serverMs + aheadMs)
  expect(clockError()).toBeUndefined()
})

it.each([
  [61_000, { direction: 'ahead', minutes: 1 }],
  [600_000, { direction: 'ahead', minutes: 10 }],
  [-600_400, { direction: 'behind', minutes: 10 }],
  [7_200_000, { direction: 'ahead', minutes: 120 }],
] as const)('says how wrong a clock is that is %i ms ahead', (aheadMs, error) => {
  noteServerTime(SERVER, serverMs + aheadMs)
  expect(clockError()).toEqual(error)
  expect(serverNowMs(serverMs + aheadMs)).toBe(serverMs)
})

it('knows nothing from an answer without a date', () => {
  noteServerTime(SERVER, serverMs + 600_000)
  noteServerTime(null, serverMs)
  noteServerTime('yesterday', serverMs)
  expect(clockError()).toEqual({ direction: 'ahead', minutes: 10 })
})
