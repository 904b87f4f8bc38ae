/** What is missed for longer than this, because the process was busy, is not made up for. */
const MAX_BACKLOG_MS = 1_000

/** Says how many of something are due, so that there are so many in a second; the first is due at once. */
export class Pacer {
  readonly #perMs: number
  #credit = 1
  #atMs: number

  constructor(perSecond: number, nowMs: number) {
    this.#perMs = perSecond / 1_000
    this.#atMs = nowMs
  }

  /** Gives a whole number since the last call; never more than what a second brings, and one. */
  due(nowMs: number): number {
    const elapsedMs = Math.min(Math.max(0, nowMs - this.#atMs), MAX_BACKLOG_MS)
    this.#atMs = nowMs
    this.#credit = Math.min(this.#credit + elapsedMs * this.#perMs, 1 + MAX_BACKLOG_MS * this.#perMs)
    const due = Math.floor(this.#credit)
    this.#credit -= due
    return due
  }

  /** Takes back what was due and could not be done. */
  giveBack(count: number): void {
    this.#credit += count
  }
}
