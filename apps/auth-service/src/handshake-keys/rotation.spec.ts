import fc from 'fast-check'
import { expect, it } from 'vitest'

import { isRotationDue, PREPARED_MS, servedKeys } from './rotation.ts'

const HOUR_MS = 3600 * 1000
const NOW_MS = Date.UTC(2026, 10, 23)
const key = (createdHoursAgo: number, validHoursAgo: number) => ({
  createdAt: new Date(NOW_MS - createdHoursAgo * HOUR_MS),
  validFrom: new Date(NOW_MS - validHoursAgo * HOUR_MS),
})

it('makes a key where there is none, and then once a day', () => {
  expect(isRotationDue([], NOW_MS)).toBe(true)
  expect(isRotationDue([key(48, 47), key(23.9, 22.9)], NOW_MS)).toBe(false)
  expect(isRotationDue([key(48, 47), key(24, 23)], NOW_MS)).toBe(true)
})

it('serves the key in force, the one before it and the one to come, and nothing older', () => {
  const [old, before, inForce, next] = [key(72, 71), key(48, 47), key(24, 23), key(0, -1)]
  expect(servedKeys([next, old, inForce, before], NOW_MS)).toEqual([before, inForce, next])
})

it('always leaves a key in force that every node learned an hour before, whenever the instances looked', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 60_000, max: 5 * 24 * HOUR_MS }), { maxLength: 40 }), (pauses) => {
      let nowMs = NOW_MS
      let keys: { createdAt: Date; validFrom: Date }[] = []
      for (const pause of [0, ...pauses]) {
        nowMs += pause
        if (isRotationDue(keys, nowMs)) {
          const validFrom = new Date(keys.length === 0 ? nowMs : nowMs + PREPARED_MS)
          keys = servedKeys([...keys, { createdAt: new Date(nowMs), validFrom }], nowMs)
        }
        const served = servedKeys(keys, nowMs)
        expect(served.length).toBeGreaterThan(0)
        expect(served.length).toBeLessThanOrEqual(3)
        expect(served[0]?.validFrom.getTime()).toBeLessThanOrEqual(nowMs)
      }
    }),
  )
})
