const DAY_MS = 86_400_000
const LOCAL_TIME = /^([01]\d|2[0-3]):([0-5]\d)$/
/** Names as the IANA database has them; offsets such as `+01:00`, which `Intl` takes as well, do not know summer. */
const ZONE_NAME = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/
/** Bound of the table of formatters; making one costs a hundred times what using it does. */
const MAX_FORMATTERS = 64

/** Says whether a text is a time of day, `00:00` to `23:59`. */
export function isLocalTime(text: string): boolean {
  return LOCAL_TIME.test(text)
}

/** Says whether a text is the name of a time zone, as the IANA database of this runtime knows it. */
export function isTimeZone(name: string): boolean {
  if (!ZONE_NAME.test(name)) return false
  try {
    formatterOf(name)
    return true
  } catch {
    return false
  }
}

/**
 * Gives the first instant after `nowMs` at which the clock of a time zone comes to `localTime`. On each date there is one
 * such instant: the first of two where the clock was put back, the moment of the leap where it was put forward across
 * that time. Throws a RangeError for texts that `isLocalTime` and `isTimeZone` refuse.
 */
export function nextLocalTime(nowMs: number, localTime: string, timeZone: string): number {
  const clock = new WallClock(timeZone)
  const timeOfDay = timeOfDayMs(localTime)
  for (let date = clock.dateAt(nowMs); ; date += DAY_MS) {
    const instant = clock.firstAt(date + timeOfDay)
    if (instant > nowMs) return instant
  }
}

/** Gives the last such instant that is not after `nowMs`. */
export function latestLocalTime(nowMs: number, localTime: string, timeZone: string): number {
  const clock = new WallClock(timeZone)
  const timeOfDay = timeOfDayMs(localTime)
  // Put back across midnight, the clock has shown times of the date to come.
  for (let date = clock.dateAt(nowMs) + DAY_MS; ; date -= DAY_MS) {
    const instant = clock.firstAt(date + timeOfDay)
    if (instant <= nowMs) return instant
  }
}

/** The clock on the wall of a time zone. What it shows is written as the instant at which one in UTC shows the same. */
class WallClock {
  readonly #formatter: Intl.DateTimeFormat

  constructor(timeZone: string) {
    if (!ZONE_NAME.test(timeZone)) throw new RangeError('a time zone must be named as in the IANA database')
    this.#formatter = formatterOf(timeZone)
  }

  /** Midnight of the date that the clock shows. */
  dateAt(instantMs: number): number {
    return Math.floor(this.#at(instantMs) / DAY_MS) * DAY_MS
  }

  /** The first instant at which the clock shows `wallMs` or, where it leaps across it, later. */
  firstAt(wallMs: number): number {
    const offsets = new Set([this.#offsetAt(wallMs - DAY_MS), this.#offsetAt(wallMs + DAY_MS)])
    const instants = [...offsets].map((offset) => wallMs - offset)
    const exact = instants.filter((instant) => this.#at(instant) === wallMs)
    if (exact.length > 0) return Math.min(...exact)
    return this.#leapAcross(wallMs, Math.min(...instants), Math.max(...instants))
  }

  /** Finds the leap between two instants, of which the first shows less than `wallMs`, the second more. */
  #leapAcross(wallMs: number, firstMs: number, secondMs: number): number {
    let [beforeSeconds, afterSeconds] = [firstMs / 1000, secondMs / 1000]
    while (afterSeconds - beforeSeconds > 1) {
      const middle = Math.floor((beforeSeconds + afterSeconds) / 2)
      if (this.#at(middle * 1000) < wallMs) beforeSeconds = middle
      else afterSeconds = middle
    }
    return afterSeconds * 1000
  }

  #offsetAt(instantMs: number): number {
    return this.#at(instantMs) - instantMs
  }

  #at(instantMs: number): number {
    const numbers = this.#formatter.format(instantMs).match(/\d+/g) ?? []
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = numbers.map(Number)
    return Date.UTC(year, month - 1, day, hour, minute, second)
  }
}

function timeOfDayMs(localTime: string): number {
  const [, hours, minutes] = LOCAL_TIME.exec(localTime) ?? []
  if (hours === undefined || minutes === undefined) throw new RangeError('a local time must be written HH:MM')
  return (Number(hours) * 60 + Number(minutes)) * 60_000
}

const formatters = new Map<string, Intl.DateTimeFormat>()

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const two = '2-digit'
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: two,
    day: two,
    hour: two,
    minute: two,
    second: two,
  })
  const [oldest] = formatters.keys()
  if (oldest !== undefined && formatters.size >= MAX_FORMATTERS) formatters.delete(oldest)
  formatters.set(timeZone, made)
  return made
}
