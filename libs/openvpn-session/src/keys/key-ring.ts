import { type KeyId, nextKeyId } from '@sallyport/openvpn-wire'

import type { Outbox } from '../outbox.ts'
import { KeyState } from './key-state.ts'

/** Sealing moves to a renegotiated key after this long even if the peer has not used it yet. */
const SWAP_AFTER_MS = 60_000

/**
 * The key states of one session: the current one, at most one renegotiation that is under way, and the one before the
 * current, whose TLS engine goes when sealing has left its data keys, and which then only acknowledges.
 */
export class KeyRing {
  readonly #outbox: Outbox
  #current: KeyState
  #pending: KeyState | undefined
  #retired: KeyState | undefined
  #lastKeyId: KeyId = 0
  #usedKeyId: KeyId | undefined
  #swapAtMs: number | undefined

  /** Begins with key id 0, whose resets were exchanged before there was any state. */
  constructor(outbox: Outbox, nowMs: number) {
    this.#outbox = outbox
    this.#current = new KeyState(0, 1, nowMs)
    outbox.emit({ type: 'tls-start', keyId: 0 })
  }

  get current(): KeyState {
    return this.#current
  }

  get pending(): KeyState | undefined {
    return this.#pending
  }

  /** The one in which a client of the 2.x line reads control messages: a renegotiation, unless its TLS failed. */
  get newest(): KeyState {
    return this.#pending?.tlsRunning === true ? this.#pending : this.#current
  }

  get all(): readonly KeyState[] {
    return [this.#retired, this.#current, this.#pending].filter((state) => state !== undefined)
  }

  /** The only key id that a renegotiation may use. */
  get nextKeyId(): KeyId {
    return nextKeyId(this.#lastKeyId)
  }

  /** When sealing moves to the current key by itself; `undefined` when it is there. */
  get swapAtMs(): number | undefined {
    return this.#swapAtMs
  }

  find(keyId: KeyId): KeyState | undefined {
    return this.all.find((state) => state.keyId === keyId)
  }

  /** Begins a renegotiation; none may be under way. */
  begin(nowMs: number): KeyState {
    // The slot for the new keys is the one that holds the older keys: sealing must have left it.
    if (this.#swapAtMs !== undefined) this.#swap()
    this.#usedKeyId = undefined
    this.#lastKeyId = this.nextKeyId
    this.#pending = new KeyState(this.#lastKeyId, 0, nowMs)
    this.#pending.channel.queueReset()
    this.#outbox.emit({ type: 'tls-start', keyId: this.#lastKeyId })
    return this.#pending
  }

  /** Makes the renegotiation under way the current key state; sealing follows when the client has used its keys. */
  promote(nowMs: number): void {
    if (this.#pending === undefined) return
    this.#retired = this.#current
    this.#current = this.#pending
    this.#pending = undefined
    this.#swapAtMs = nowMs + SWAP_AFTER_MS
    if (this.#usedKeyId === this.#current.keyId) this.#swap()
  }

  /** Gives up the renegotiation under way; its key id is used up. */
  abandon(): void {
    if (this.#pending !== undefined) this.stopTls(this.#pending)
    this.#pending = undefined
  }

  /** Notes that the client seals with this key: it has it, so the server may too. */
  noteUsed(keyId: KeyId): void {
    this.#usedKeyId = keyId
    if (this.#swapAtMs !== undefined && keyId === this.#current.keyId) this.#swap()
  }

  swapIfDue(nowMs: number): void {
    if (this.#swapAtMs !== undefined && this.#swapAtMs <= nowMs) this.#swap()
  }

  /** Leaves sealing where it is for good. */
  cancelSwap(): void {
    this.#swapAtMs = undefined
  }

  stopTls(keyState: KeyState): void {
    if (keyState.stopTls()) this.#outbox.emit({ type: 'tls-stop', keyId: keyState.keyId })
  }

  #swap(): void {
    this.#swapAtMs = undefined
    this.#outbox.emit({ type: 'swap-keys' })
    if (this.#retired === undefined) return
    this.#retired.channel.stopSending()
    this.stopTls(this.#retired)
  }
}
