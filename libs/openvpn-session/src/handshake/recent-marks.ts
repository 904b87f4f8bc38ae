/** What stands for a thing in the table: where it is kept, and how it is told from others at the same place. */
export interface Mark {
  readonly place: number
  readonly print: number
}

/**
 * Remembers for a while that something was seen, in memory of a fixed size and in constant time. When two things want
 * the same place the newer one has it, so under pressure it forgets early; it takes one thing for another once in 2^32.
 */
export class RecentMarks {
  readonly #prints: Uint32Array
  readonly #madeAtMs: Float64Array
  readonly #lifetimeMs: number

  constructor(count: number, lifetimeMs: number) {
    this.#prints = new Uint32Array(count)
    this.#madeAtMs = new Float64Array(count)
    this.#lifetimeMs = lifetimeMs
  }

  add({ place, print }: Mark, nowMs: number): void {
    const index = place % this.#prints.length
    this.#prints[index] = print
    this.#madeAtMs[index] = nowMs
  }

  /** Says when a mark was made; `undefined` when it was not, or is forgotten. */
  find({ place, print }: Mark, nowMs: number): number | undefined {
    const index = place % this.#prints.length
    const madeAtMs = this.#madeAtMs[index] ?? 0
    const isValid = this.#prints[index] === print && madeAtMs <= nowMs && nowMs < madeAtMs + this.#lifetimeMs
    return isValid ? madeAtMs : undefined
  }
}
