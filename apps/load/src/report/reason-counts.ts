/** A server that words every refusal differently fills no memory. */
const MAX_REASONS = 64
const OTHERS = 'other reasons'

/** Counts by name. */
export class ReasonCounts {
  readonly #counts = new Map<string, number>()

  add(reason: string): void {
    const name = this.#counts.has(reason) || this.#counts.size < MAX_REASONS ? reason : OTHERS
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Most frequent first. */
  toObject(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([, a], [, b]) => b - a))
  }
}
