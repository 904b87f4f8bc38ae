import type { KeyId } from '@sallyport/openvpn-wire'

import type { Refusal, SessionEndReason } from './actions.ts'
import type { Outbox } from './outbox.ts'

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
  readonly #outbox: Outbox
  #farewell: Farewell | undefined
  #over = false
  #closeAtMs: number | undefined

  constructor(outbox: Outbox) {
    this.#outbox = outbox
  }

  /** True from the moment on when nothing new may begin. */
  get begun(): boolean {
    return this.#farewell !== undefined || this.#closeAtMs !== undefined
  }

  /** True once the host was told that the connection is over. */
  get over(): boolean {
    return this.#over
  }

  /** Last words that wait until the client can hear them. */
  get unsaid(): Farewell | undefined {
    return this.#closeAtMs === undefined ? this.#farewell : undefined
  }

  /** When to forget the session; `undefined` while it lives or has something left to say. */
  get closeAtMs(): number | undefined {
    return this.#closeAtMs
  }

  /** Plans last words unless the end has begun already. `atOnce` makes the connection over before they are said. */
  plan(farewell: Farewell, atOnce: boolean): void {
    if (this.begun) return
    this.#farewell = farewell
    if (atOnce) this.#report(farewell.reason)
  }

  /** Says the last words on a key state whose client can hear them. */
  say({ text, reason, refusal }: Farewell, keyId: KeyId, nowMs: number): void {
    this.#outbox.write(keyId, text)
    if (refusal !== undefined) this.#outbox.emit({ type: 'refused', refusal })
    this.end(reason, nowMs + LINGER_MS)
  }

  /** Makes the connection over and sets the time of closing, each once. */
  end(reason: SessionEndReason, closeAtMs: number): void {
    this.#report(reason)
    this.#closeAtMs ??= closeAtMs
  }

  #report(reason: SessionEndReason): void {
    if (this.#over) return
    this.#over = true
    this.#outbox.emit({ type: 'ended', reason })
  }
}
