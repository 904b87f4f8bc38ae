const UNITS = [
  ['days', 86_400_000],
  ['hours', 3_600_000],
  ['minutes', 60_000],
] as const

/** A length of time in whole pieces of the largest unit that it has one of. */
export interface Span {
  readonly unit: 'days' | 'hours' | 'minutes' | 'seconds'
  readonly count: number
}

/** Says how long a time is as people say it; less than none is none. */
export function spanOf(ms: number): Span {
  for (const [unit, unitMs] of UNITS) {
    if (ms >= unitMs) return { unit, count: Math.floor(ms / unitMs) }
  }
  return { unit: 'seconds', count: Math.max(0, Math.floor(ms / 1000)) }
}
