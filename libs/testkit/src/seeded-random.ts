/**
 * Pseudo-random numbers that a seed repeats exactly (splitmix32). For tests only: anybody who sees some of them knows
 * the rest.
 */
export class SeededRandom {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** A whole number from 0 to 2³² − 1. */
  uint32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }

  /** A whole number from 0 to `limit` − 1. */
  below(limit: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * limit)
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let offset = 0; offset < length; offset += 4) {
      const word = this.uint32()
      for (let index = 0; index < 4 && offset + index < length; index++) bytes[offset + index] = word >>> (8 * index)
    }
    return bytes
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[this.below(items.length)] ?? items[0]
  }
}
