/** How far an id may lag behind the highest one; peers use 64 to 2048. */
const WINDOW = 128
const MASK = (1n << BigInt(WINDOW)) - 1n

/** Remembers the ids of authentic packets. Only call `accept` after the packet proved authentic. */
export class ReplayWindow {
  #timeSeconds = -1
  #highest = 0
  /** Bit n is set when the id `highest - n` was seen. */
  #seen = 0n

  /** Takes an id once; false for a repeated, too old or zero id. A later time starts a window of its own. */
  accept(id: number, timeSeconds: number): boolean {
    if (id === 0 || timeSeconds < this.#timeSeconds) return false
    if (timeSeconds > this.#timeSeconds) {
      this.#timeSeconds = timeSeconds
      this.#highest = id
      this.#seen = 1n
      return true
    }
    if (id > this.#highest) this.#advance(id)
    const lag = this.#highest - id
    if (lag >= WINDOW) return false
    const bit = 1n << BigInt(lag)
    if ((this.#seen & bit) !== 0n) return false
    this.#seen |= bit
    return true
  }

  #advance(id: number): void {
    const distance = id - this.#highest
    this.#seen = distance >= WINDOW ? 0n : (this.#seen << BigInt(distance)) & MASK
    this.#highest = id
  }
}
