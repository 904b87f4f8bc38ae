import type { Outbox } from './outbox.ts'

/** The one timer of a session: asks for it when its time changes, and anew after it went off. */
export class WakeTimer {
  readonly #outbox: Outbox
  #atMs: number | undefined

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** Notes that the timer went off. It may do so a little early; then the same time is asked for again. */
  noteFired(): void {
    this.#atMs = undefined
  }

  /** Sets the timer to the earliest of these times; none of them cancels it. */
  set(times: readonly (number | undefined)[]): void {
    const known = times.filter((time) => time !== undefined && Number.isFinite(time)).map(Number)
    const atMs = known.length === 0 ? undefined : Math.min(...known)
    if (atMs !== this.#atMs) this.#outbox.emit({ type: 'timer', atMs })
    this.#atMs = atMs
  }
}

/** Says whether a time has come; `undefined` never does. */
export function isPast(timeMs: number | undefined, nowMs: number): boolean {
  return timeMs !== undefined && timeMs <= nowMs
}
