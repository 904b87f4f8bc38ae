import { isNotEquipped } from '../connections/not-equipped.ts'
import { resultOf } from '../explain/explanations.ts'
import type { OverviewRange, OverviewView } from './overview.schemas.ts'

const HOUR_SECONDS = 3600

/** Pieces of each range: few enough for a chart on a phone, and whole hours or half ones in almost every time zone. */
const PIECES: Readonly<Record<OverviewRange, { readonly seconds: number; readonly count: number }>> = {
  day: { seconds: HOUR_SECONDS / 2, count: 48 },
  week: { seconds: 3 * HOUR_SECONDS, count: 56 },
}

/** The time that a series covers, in pieces of the same length; the last one has begun and is not over. */
export interface SeriesTime {
  readonly fromMs: number
  readonly toMs: number
  readonly bucketSeconds: number
  readonly count: number
}

/** How many attempts had an outcome in a piece of time. */
export interface CountedAttempts {
  readonly at: Date
  readonly outcome: string
  readonly count: number
}

/** The most connections that were open at once in a piece of time. */
export interface PeakConnections {
  readonly at: Date
  readonly connections: number
}

/** Lays the pieces of a range so that they begin at whole multiples of their length in UTC. */
export function seriesTimeOf(range: OverviewRange, nowMs: number): SeriesTime {
  const { seconds, count } = PIECES[range]
  const bucketMs = seconds * 1000
  const lastMs = Math.floor(nowMs / bucketMs) * bucketMs
  return { fromMs: lastMs - (count - 1) * bucketMs, toMs: nowMs, bucketSeconds: seconds, count }
}

/**
 * Puts counts into their pieces; those without any are there with zeroes. What a node could not equip was allowed just
 * before, in the same piece or the one before it, and counts as refused only.
 */
export function seriesOf(
  { fromMs, bucketSeconds, count }: SeriesTime,
  peaks: readonly PeakConnections[],
  attempts: readonly CountedAttempts[],
): OverviewView['series'] {
  const peakAt = new Map(peaks.map(({ at, connections }) => [at.getTime(), connections]))
  const sums = {
    allowed: new Map<number, number>(),
    refused: new Map<number, number>(),
    undone: new Map<number, number>(),
  }
  const add = (sum: Map<number, number>, at: Date, found: number): unknown =>
    sum.set(at.getTime(), (sum.get(at.getTime()) ?? 0) + found)
  for (const { at, outcome, count: found } of attempts) {
    const result = resultOf(outcome)
    if (result !== 'asked') add(sums[result], at, found)
    if (isNotEquipped(outcome)) add(sums.undone, at, found)
  }
  for (let index = count - 1; index >= 0; index -= 1) {
    const atMs = fromMs + index * bucketSeconds * 1000
    const left = (sums.allowed.get(atMs) ?? 0) - (sums.undone.get(atMs) ?? 0)
    sums.allowed.set(atMs, Math.max(0, left))
    if (left < 0) add(sums.undone, new Date(atMs - bucketSeconds * 1000), -left)
  }
  return Array.from({ length: count }, (_, index) => {
    const atMs = fromMs + index * bucketSeconds * 1000
    return {
      at: new Date(atMs).toISOString(),
      connections: peakAt.get(atMs) ?? 0,
      admitted: sums.allowed.get(atMs) ?? 0,
      refused: sums.refused.get(atMs) ?? 0,
    }
  })
}

/** Sums refusals up by their code, the most frequent first. */
export function failuresOf(attempts: readonly CountedAttempts[]): OverviewView['failures'] {
  const sums = new Map<string, number>()
  for (const { outcome, count } of attempts)
    if (resultOf(outcome) === 'refused') sums.set(outcome, (sums.get(outcome) ?? 0) + count)
  return [...sums]
    .map(([code, count]) => ({ code, count }))
    .toSorted((one, other) => other.count - one.count || one.code.localeCompare(other.code, 'en'))
}
