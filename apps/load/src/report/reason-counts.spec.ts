import { expect, it } from 'vitest'

import { ReasonCounts } from './reason-counts.ts'

it('counts by reason, most frequent first', () => {
  const counts = new ReasonCounts()
  for (const reason of ['a', 'b', 'b']) counts.add(reason)
  expect(Object.entries(counts.toObject())).toEqual([
    ['b', 2],
    ['a', 1],
  ])
  expect(counts.total).toBe(3)
})

it('keeps a bounded number of reasons and loses no count', () => {
  const counts = new ReasonCounts()
  for (let index = 0; index < 1_000; index++) counts.add(`reason ${String(index)}`)
  expect(Object.keys(counts.toObject())).toHaveLength(65)
  expect(counts.total).toBe(1_000)
})
