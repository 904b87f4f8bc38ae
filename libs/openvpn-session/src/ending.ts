import type { Refusal, SessionEndReason } from './actions.ts'

/** How long a session stays after its end, so that repeated packets are answered and open no new one. */
export const LINGER_MS = 5_000

/** The last words to a client, and why they are said. */
export interface Farewell {
  readonly text: string
  readonly reason: SessionEndReason
  readonly refusal: Refusal | undefined
}

/** How far a session is on its way out. The first reason counts, and nothing moves the time of closing once it is set. */
export class Ending {
  #farewell: Farewell | undefined
  #reason: SessionEndReason | undefined
  #closeAtMs: number | undefined

  /** True from the moment on when nothing new may begin. */
  get begun(): boolean {
    return this.#farewell !== undefined || this.#closeAtMs !== undefined
  }

  /** Last words that still wait for the client to be able to hear them. */
  get unsaid(): Farewell | undefined {
    return this.#closeAtMs === undefined ? this.#farewell : undefined
  }

  /** When to forget the session; `undefined` while it lives or has something left to say. */
  get closeAtMs(): number | undefined {
    return this.#closeAtMs
  }

  /** Plans last words unless the end has begun already; says whether it did. */
  plan(farewell: Farewell): boolean {
    if (this.begun) return false
    this.#farewell = farewell
    return true
  }

  /** Sets the time of closing, once. */
  closeAt(timeMs: number): void {
    this.#closeAtMs ??= timeMs
  }

  /** Gives the reason the first time that the connection is over, for the one `ended` action. */
  over(reason: SessionEndReason): SessionEndReason | undefined {
    if (this.#reason !== undefined) return undefined
    this.#reason = reason
    return reason
  }
}
