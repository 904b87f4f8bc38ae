import { type KeyId, nextKeyId } from '@sallyport/openvpn-wire'

import type { ReliableTerms } from '../reliable/terms.ts'
import type { ClientAction } from './client-actions.ts'
import { ClientKeyState } from './client-key-state.ts'

/** A handshake that takes longer has failed. */
const HANDSHAKE_TIMEOUT_MS = 60_000
/** Sealing moves to a renegotiated key after this long even if the server has not used it yet. */
const SWAP_AFTER_MS = 60_000

/** The key states of a client: the current one, at most one renegotiation, and the one before the current. */
export class ClientKeyRing {
  readonly #emit: (action: ClientAction) => void
  readonly #terms: ReliableTerms
  #current: ClientKeyState
  #pending: ClientKeyState | undefined
  #retired: ClientKeyState | undefined
  #lastKeyId: KeyId = 0
  #swapAtMs: number | undefined

  constructor(emit: (action: ClientAction) => void, terms: ReliableTerms, nowMs: number) {
    this.#emit = emit
    this.#terms = terms
    this.#current = new ClientKeyState(0, terms, nowMs + HANDSHAKE_TIMEOUT_MS)
  }

  get current(): ClientKeyState {
    return this.#current
  }

  get pending(): ClientKeyState | undefined {
    return this.#pending
  }

  get all(): readonly ClientKeyState[] {
    return [this.#retired, this.#current, this.#pending].filter((state) => state !== undefined)
  }

  /** The only key id that a renegotiation may use. */
  get nextKeyId(): KeyId {
    return nextKeyId(this.#lastKeyId)
  }

  /** When a handshake has failed; `undefined` while none is under way. */
  get deadlineMs(): number | undefined {
    return earliest([this.#current.deadlineMs, this.#pending?.deadlineMs])
  }

  /** When a deadline passes or sealing moves; `undefined` when neither is to come. */
  get nextDueMs(): number | undefined {
    return earliest([this.#swapAtMs, this.deadlineMs])
  }

  /** When a packet is to be sent; `undefined` when none waits. */
  get nextSendMs(): number | undefined {
    return earliest(this.all.map(({ channel, holdsAcks }) => (holdsAcks ? undefined : channel.nextDueMs)))
  }

  find(keyId: KeyId): ClientKeyState | undefined {
    return this.all.findLast((state) => state.keyId === keyId)
  }

  /** Begins a renegotiation with the next key id; none may be under way. */
  begin(nowMs: number): void {
    // The slot for the new keys is the one that holds the older keys: sealing must have left it.
    if (this.#swapAtMs !== undefined) this.#swap()
    this.#lastKeyId = this.nextKeyId
    this.#pending = new ClientKeyState(this.#lastKeyId, this.#terms, nowMs + HANDSHAKE_TIMEOUT_MS)
    this.#pending.channel.queueReset()
  }

  /** Makes the renegotiation under way the current key state. */
  promote(nowMs: number): void {
    if (this.#pending === undefined) return
    this.#retired = this.#current
    this.#current = this.#pending
    this.#pending = undefined
    this.#swapAtMs = nowMs + SWAP_AFTER_MS
  }

  /** Notes that the server seals with this key. */
  noteUsed(keyId: KeyId): void {
    if (this.#swapAtMs !== undefined && keyId === this.#current.keyId) this.#swap()
  }

  swapIfDue(nowMs: number): void {
    if (this.#swapAtMs !== undefined && this.#swapAtMs <= nowMs) this.#swap()
  }

  /** Stops every TLS engine and wipes every secret. */
  stop(): void {
    for (const state of this.all) this.#stopTls(state)
  }

  #swap(): void {
    this.#swapAtMs = undefined
    this.#emit({ type: 'swap-keys' })
    if (this.#retired === undefined) return
    this.#retired.channel.stopSending()
    this.#stopTls(this.#retired)
  }

  #stopTls(state: ClientKeyState): void {
    state.wipe()
    if (state.tlsRunning) this.#emit({ type: 'tls-stop', keyId: state.keyId })
    state.tlsRunning = false
  }
}

/** The earliest of some times that is ever going to come. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const first = Math.min(...times.map((time) => time ?? Infinity))
  return first === Infinity ? undefined : first
}
