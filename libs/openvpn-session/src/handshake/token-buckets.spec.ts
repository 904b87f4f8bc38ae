import fc from 'fast-check'
import { expect, it } from 'vitest'

import { TokenBuckets } from './token-buckets.ts'

const NOW_MS = 1_750_000_000_000

function takeAll(buckets: TokenBuckets, index: number, nowMs: number): number {
  let taken = 0
  for (; taken < 1000 && buckets.has(index, 1, nowMs); taken++) buckets.take(index, 1, nowMs)
  return taken
}

it('gives its burst at once and then its rate, each bucket for itself', () => {
  const buckets = new TokenBuckets(2, { perSecond: 10, burst: 50 })
  expect(takeAll(buckets, 0, NOW_MS)).toBe(50)
  expect(takeAll(buckets, 0, NOW_MS + 99)).toBe(0)
  expect(takeAll(buckets, 0, NOW_MS + 100)).toBe(1)
  expect(takeAll(buckets, 0, NOW_MS + 1_100)).toBe(10)
  expect(takeAll(buckets, 1, NOW_MS)).toBe(50)
})

it('is never fuller than full', () => {
  const buckets = new TokenBuckets(1, { perSecond: 10, burst: 5 })
  expect(takeAll(buckets, 0, NOW_MS)).toBe(5)
  expect(takeAll(buckets, 0, NOW_MS + 1_000_000)).toBe(5)
  for (let count = 0; count < 100; count++) buckets.giveBack(0, 1)
  expect(takeAll(buckets, 0, NOW_MS + 1_000_000)).toBe(5)
})

it('takes tokens back', () => {
  const buckets = new TokenBuckets(1, { perSecond: 1, burst: 3 })
  takeAll(buckets, 0, NOW_MS)
  buckets.giveBack(0, 2)
  expect(takeAll(buckets, 0, NOW_MS)).toBe(2)
})

it('does not stay empty when the clock is set back', () => {
  const buckets = new TokenBuckets(1, { perSecond: 1, burst: 3 })
  takeAll(buckets, 0, NOW_MS)
  expect(takeAll(buckets, 0, NOW_MS - 3_600_000)).toBe(3)
})

it('never gives more than burst and rate allow, whatever is asked when', () => {
  const asks = fc.array(fc.record({ afterMs: fc.nat(2_000), tokens: fc.integer({ min: 1, max: 4 }) }))
  fc.assert(
    fc.property(asks, (all) => {
      const buckets = new TokenBuckets(1, { perSecond: 2, burst: 6 })
      let nowMs = NOW_MS
      let given = 0
      for (const { afterMs, tokens } of all) {
        nowMs += afterMs
        if (!buckets.has(0, tokens, nowMs)) continue
        buckets.take(0, tokens, nowMs)
        given += tokens
      }
      expect(given).toBeLessThanOrEqual(6 + ((nowMs - NOW_MS) * 2) / 1000 + 1e-6)
    }),
  )
})
