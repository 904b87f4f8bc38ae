import { type KeyId, nextKeyId } from '@sallyport/openvpn-wire'

import { KeyState } from './key-state.ts'

/**
 * The key states of one session: the current one, at most one renegotiation that is under way, and the one before the
 * current, whose only duty left is to acknowledge what the client repeats.
 */
export class KeyRing {
  #current: KeyState
  #pending: KeyState | undefined
  #retired: KeyState | undefined
  #lastKeyId: KeyId

  constructor(first: KeyState) {
    this.#current = first
    this.#lastKeyId = first.keyId
  }

  get current(): KeyState {
    return this.#current
  }

  get pending(): KeyState | undefined {
    return this.#pending
  }

  get retired(): KeyState | undefined {
    return this.#retired
  }

  /** The one in which a client of the 2.x line reads control messages. */
  get newest(): KeyState {
    return this.#pending ?? this.#current
  }

  get all(): readonly KeyState[] {
    return [this.#retired, this.#current, this.#pending].filter((state) => state !== undefined)
  }

  /** The only key id that a renegotiation may use. */
  get nextKeyId(): KeyId {
    return nextKeyId(this.#lastKeyId)
  }

  find(keyId: KeyId): KeyState | undefined {
    return this.all.find((state) => state.keyId === keyId)
  }

  /** Begins a renegotiation; none may be under way. */
  begin(nowMs: number): KeyState {
    this.#lastKeyId = this.nextKeyId
    this.#pending = new KeyState(this.#lastKeyId, 0, nowMs)
    return this.#pending
  }

  /** Gives up the renegotiation under way; its key id is used up. */
  abandon(): void {
    this.#pending = undefined
  }

  /** Makes the renegotiation under way the current key state. */
  promote(): void {
    if (this.#pending === undefined) return
    this.#retired = this.#current
    this.#current = this.#pending
    this.#pending = undefined
  }
}
