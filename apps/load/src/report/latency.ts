import { createHistogram } from 'node:perf_hooks'

/** How long something took, in milliseconds; all 0 when it never happened. */
export interface LatencySummary {
  readonly count: number
  readonly min: number
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

/** Of two numbers that differ by more than a thousandth, both are kept apart. */
const FIGURES = 3
const MICROSECONDS = 1_000

/** Gathers durations in constant memory, however many there are. */
export class Latencies {
  readonly #histogram = createHistogram({ figures: FIGURES })

  /** Takes a duration; less than a microsecond counts as one. */
  add(ms: number): void {
    this.#histogram.record(Math.max(1, Math.round(ms * MICROSECONDS)))
  }

  get summary(): LatencySummary {
    const { count, min, mean, max } = this.#histogram
    if (count === 0) return { count: 0, min: 0, mean: 0, p50: 0, p90: 0, p99: 0, max: 0 }
    const [p50, p90, p99] = [50, 90, 99].map((percent) => toMs(this.#histogram.percentile(percent)))
    return {
      count,
      min: toMs(min),
      mean: toMs(mean),
      p50: p50 ?? 0,
      p90: p90 ?? 0,
      p99: p99 ?? 0,
      max: toMs(max),
    }
  }
}

function toMs(microseconds: number): number {
  return Math.round(microseconds) / MICROSECONDS
}
