import { useFormatter } from 'use-intl'

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** A unit in which durations are written and typed. */
export type DurationUnit = (typeof UNITS)[number][0]

/** Seconds of each unit. */
export const SECONDS_OF: Readonly<Record<DurationUnit, number>> = { day: 86_400, hour: 3600, minute: 60, second: 1 }

/** Writes whole seconds in the greatest unit that leaves no rest; a day's worth or more of hours that fit no days stays hours. */
export function exactDuration(seconds: number): { value: number; unit: DurationUnit } {
  const [unit, size] = UNITS.find(([, of]) => seconds >= of && seconds % of === 0) ?? ['second', 1]
  return { value: seconds / size, unit }
}

/** Writes seconds in the greatest unit of which there is at least one, rounded down: an age, not a limit. */
export function roughDuration(seconds: number): { value: number; unit: DurationUnit } {
  const [unit, size] = UNITS.find(([, of]) => seconds >= of) ?? ['second', 1]
  return { value: Math.floor(seconds / size), unit }
}

/** Gives the function that writes a duration in words, exactly unless `rough` is asked for. */
export function useDuration(): (seconds: number, how?: 'exact' | 'rough') => string {
  const format = useFormatter()
  return (seconds, how = 'exact') => {
    const { value, unit } = how === 'exact' ? exactDuration(seconds) : roughDuration(seconds)
    return format.number(value, { style: 'unit', unit, unitDisplay: 'long' })
  }
}
