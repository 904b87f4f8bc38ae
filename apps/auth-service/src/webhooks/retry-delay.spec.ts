import fc from 'fast-check'
import { expect, it } from 'vitest'

import { retryDelayMs } from './retry-delay.ts'

it('doubles from 5 seconds to an hour', () => {
  const delays = [1, 2, 3, 4, 10, 11, 12, 1000].map((failures) => retryDelayMs(failures, 0.5) / 1000)
  expect(delays).toEqual([5, 10, 20, 40, 2560, 3600, 3600, 3600])
})

it('hears a receiver that asks for more time, up to the hour', () => {
  expect(retryDelayMs(1, 0.5, 60_000)).toBe(60_000)
  expect(retryDelayMs(5, 0.5, 1000)).toBe(80_000)
  expect(retryDelayMs(1, 0.5, 999_999_000)).toBe(3_600_000)
})

it('stays within a fifth of that, whatever the chance', () => {
  const check = (failures: number, chance: number) => {
    const middle = retryDelayMs(failures, 0.5)
    const delay = retryDelayMs(failures, chance)
    expect(delay).toBeGreaterThanOrEqual(Math.floor(middle * 0.8))
    expect(delay).toBeLessThanOrEqual(Math.ceil(middle * 1.2))
  }
  fc.assert(fc.property(fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), check))
})
