import { expect, it } from 'vitest'

import { Latencies } from './latency.ts'

it('gives quantiles to a thousandth', () => {
  const latencies = new Latencies()
  for (let ms = 1; ms <= 1_000; ms++) latencies.add(ms)
  const { count, min, mean, p50, p90, p99, max } = latencies.summary
  expect(count).toBe(1_000)
  for (const [given, expected] of [
    [min, 1],
    [mean, 500.5],
    [p50, 500],
    [p90, 900],
    [p99, 990],
    [max, 1_000],
  ] as const) {
    expect(Math.abs(given / expected - 1)).toBeLessThan(0.002)
  }
})

it('is all zeroes without a sample, and counts what took no time', () => {
  const latencies = new Latencies()
  expect(latencies.summary).toMatchObject({ count: 0, p99: 0 })
  latencies.add(0)
  expect(latencies.summary).toMatchObject({ count: 1, min: 0.001 })
})
