/** How much may pass: `perSecond` in the long run, and `burst` at once after a quiet time. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/**
 * A fixed number of token buckets in one array, each worked in constant time and without memory of its own (the generic
 * cell rate algorithm, ITU-T I.371): a bucket is the time at which it will be full again.
 */
export class TokenBuckets {
  readonly #fullAtMs: Float64Array
  readonly #msPerToken: number
  readonly #burstMs: number

  constructor(count: number, { perSecond, burst }: Rate) {
    this.#fullAtMs = new Float64Array(count)
    this.#msPerToken = 1000 / perSecond
    this.#burstMs = burst * this.#msPerToken
  }

  /** Says whether a bucket has these tokens; it gives none away. */
  has(index: number, tokens: number, nowMs: number): boolean {
    return this.#missingMs(index, nowMs) + tokens * this.#msPerToken <= this.#burstMs
  }

  /** Takes tokens out of a bucket, whether it has them or not. */
  take(index: number, tokens: number, nowMs: number): void {
    this.#fullAtMs[index] = nowMs + this.#missingMs(index, nowMs) + tokens * this.#msPerToken
  }

  /** Puts tokens back. */
  giveBack(index: number, tokens: number): void {
    this.#fullAtMs[index] = (this.#fullAtMs[index] ?? 0) - tokens * this.#msPerToken
  }

  /** A bucket is never emptier than empty; one that seems so was used before the clock was set back. */
  #missingMs(index: number, nowMs: number): number {
    const missingMs = Math.max(0, (this.#fullAtMs[index] ?? 0) - nowMs)
    return missingMs > 2 * this.#burstMs ? 0 : missingMs
  }
}
