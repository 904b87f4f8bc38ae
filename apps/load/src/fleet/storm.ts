import { Pacer } from './pacer.ts'

/** What a storm does with clients. */
export interface StormFleet {
  readonly size: number
  readonly connecting: number
  readonly connected: number
  readonly open: number
  isConnected(index: number): boolean
  begin(index: number): void
  leave(index: number): void
}

/** How clients come and go. */
export interface StormPlan {
  readonly ratePerSecond: number
  /** Handshakes in progress at once. */
  readonly maxConnecting: number
  /** During the hold so many a second leave and come back. */
  readonly churnPerSecond: number
  /** Clients that lose their connection come back. */
  readonly reconnect: boolean
}

/** Goodbyes in a second: what the sockets on both sides take without loss. */
const GOODBYES_PER_SECOND = 4_000

/**
 * Decides who connects and who leaves at what time: first every client at the given rate, then, during the hold, those
 * that come back. It is told the time and has no timer.
 */
export class Storm {
  readonly #fleet: StormFleet
  readonly #plan: StormPlan
  readonly #comers: Pacer
  readonly #returning: number[] = []
  #churn: Pacer | undefined
  #goodbyes: Pacer | undefined
  #begun = 0
  #turn = 0
  #left = 0

  constructor(fleet: StormFleet, plan: StormPlan, nowMs: number) {
    this.#fleet = fleet
    this.#plan = plan
    this.#comers = new Pacer(plan.ratePerSecond, nowMs)
  }

  /** Every client has tried, and nobody is still trying. */
  get isOver(): boolean {
    return this.#begun === this.#fleet.size && this.#fleet.connecting === 0 && this.#returning.length === 0
  }

  /** Everybody has said goodbye and every connection is closed. */
  get isQuiet(): boolean {
    return this.#left === this.#fleet.size && this.#fleet.open === 0
  }

  /** From here on clients leave and come back. */
  hold(nowMs: number): void {
    if (this.#plan.churnPerSecond > 0) this.#churn = new Pacer(this.#plan.churnPerSecond, nowMs)
  }

  /** From here on everybody leaves and nobody comes. */
  finish(nowMs: number): void {
    this.#goodbyes = new Pacer(GOODBYES_PER_SECOND, nowMs)
  }

  /** Hears that a connection of a client is closed. */
  noteClosed(index: number, wasLost: boolean): void {
    const comesBack = wasLost ? this.#plan.reconnect : this.#churn !== undefined
    if (comesBack && this.#goodbyes === undefined) this.#returning.push(index)
  }

  /** Does what is due. */
  advance(nowMs: number): void {
    if (this.#goodbyes !== undefined) {
      for (let due = this.#goodbyes.due(nowMs); due > 0 && this.#left < this.#fleet.size; due--) {
        this.#fleet.leave(this.#left++)
      }
      return
    }
    this.#admit(nowMs)
    for (let due = this.#churn?.due(nowMs) ?? 0; due > 0; due--) this.#sendOneAway()
  }

  #admit(nowMs: number): void {
    let due = this.#comers.due(nowMs)
    while (due > 0 && this.#fleet.connecting < this.#plan.maxConnecting) {
      const index = this.#begun < this.#fleet.size ? this.#begun++ : this.#returning.shift()
      if (index === undefined) break
      this.#fleet.begin(index)
      due -= 1
    }
    this.#comers.giveBack(due)
  }

  /** In turn, so that nobody leaves twice before everybody has. */
  #sendOneAway(): void {
    for (let tries = 0; tries < this.#fleet.size; tries++) {
      const index = this.#turn
      this.#turn = (this.#turn + 1) % this.#fleet.size
      if (!this.#fleet.isConnected(index)) continue
      this.#fleet.leave(index)
      return
    }
  }
}
