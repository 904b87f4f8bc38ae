import type { Clock } from '@sallyport/foundation'

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  #nowMs: number

  constructor(startMs = Date.UTC(2030, 0, 1)) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  advance(ms: number): void {
    if (ms < 0) throw new RangeError('time does not run backwards')
    this.#nowMs += ms
  }
}
