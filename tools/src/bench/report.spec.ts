import { expect, it } from 'vitest'

import { compare, median, table } from './report.ts'

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
  const series = { ours: [5, 6, 50], peer: [12, 11, 1] }
  const result = compare({ name: 'stock-down-1', unit: 'CPU s per GB', ...series, conditions: 'veth' })
  expect(result).toMatchObject({ name: 'stock-down-1', ours: 6, peer: 11, ratio: 0.545 })
  expect(result.note).toMatch(/3 interleaved rounds; ours 5\.00–50\.00, peer 1\.00–12\.00; veth$/)
  expect(table([result])).toContain('stock-down-1  6.00  11.00  0.55   CPU s per GB')
})
