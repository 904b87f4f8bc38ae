import { expect, it } from 'vitest'

import { median, summarise, table } from './report.ts'

const sample = (cpuSecondsPerGb: number) => ({ cpuSecondsPerGb, megabitsPerSecond: 400, mss: 1388, retransmits: 2 })

it('has no median of nothing', () => {
  expect(() => median([])).toThrow(RangeError)
})

it.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])('takes %j to have the median %d', (values, expected) => {
  expect(median(values)).toBe(expected)
})

it('compares medians, so that one bad round decides nothing', () => {
  const series = { ours: [5, 6, 50].map(sample), peer: [12, 11, 1].map(sample) }
  const result = summarise({ direction: 'down', ...series }, 'veth')
  expect(result).toMatchObject({ name: 'stock-down-1', ours: 6, peer: 11, ratio: 0.545 })
  expect(result.note).toContain('5.00–50.00')
  expect(table([result])).toContain('stock-down-1  6.00  11.00  0.55   CPU s per GB')
})
