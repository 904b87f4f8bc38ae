/** Something that wants to be woken at a time. */
export interface Sleeper {
  wake(nowMs: number): void
}

/**
 * The timers of all clients in slots of equal length: setting, moving and cancelling one costs the same however many
 * there are, and nothing else runs while none is due. A sleeper has one time at most and is woken up to a slot late.
 */
export class WakeWheel {
  readonly #slotMs: number
  readonly #slots = new Map<number, Set<Sleeper>>()
  readonly #slotOf = new Map<Sleeper, number>()
  #next: number

  constructor(slotMs: number, nowMs: number) {
    this.#slotMs = slotMs
    this.#next = Math.floor(nowMs / slotMs)
  }

  /** How many have a time. */
  get size(): number {
    return this.#slotOf.size
  }

  /** Replaces the time of a sleeper; `undefined` takes it away. */
  set(sleeper: Sleeper, atMs: number | undefined): void {
    const slot = atMs === undefined ? undefined : Math.max(this.#next, Math.ceil(atMs / this.#slotMs))
    const current = this.#slotOf.get(sleeper)
    if (slot === current) return
    if (current !== undefined) this.#leave(sleeper, current)
    if (slot === undefined) return
    const sleepers = this.#slots.get(slot) ?? new Set()
    this.#slots.set(slot, sleepers.add(sleeper))
    this.#slotOf.set(sleeper, slot)
  }

  /** Wakes everybody whose time has come; who sets a new time meanwhile waits for the next slot at least. */
  advance(nowMs: number): void {
    const end = Math.floor(nowMs / this.#slotMs)
    while (this.#next <= end) {
      const slot = this.#next++
      const sleepers = this.#slots.get(slot)
      this.#slots.delete(slot)
      for (const sleeper of sleepers ?? []) {
        // One that was woken before may have cancelled or moved it.
        if (this.#slotOf.get(sleeper) !== slot) continue
        this.#slotOf.delete(sleeper)
        sleeper.wake(nowMs)
      }
    }
  }

  #leave(sleeper: Sleeper, slot: number): void {
    this.#slotOf.delete(sleeper)
    const sleepers = this.#slots.get(slot)
    sleepers?.delete(sleeper)
    if (sleepers?.size === 0) this.#slots.delete(slot)
  }
}
