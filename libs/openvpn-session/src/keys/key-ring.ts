import { type KeyId, nextKeyId } from '@sallyport/openvpn-wire'

import type { Outbox } from '../outbox.ts'
import type { SealPacket } from '../reliable/channel.ts'
import type { ReliableTerms } from '../reliable/terms.ts'
import { KeyState } from './key-state.ts'

/** Sealing moves to a renegotiated key after this long even if the peer has not used it yet. */
const SWAP_AFTER_MS = 60_000
/** TLS output that a peer leaves unacknowledged. */
const MAX_WAITING_BYTES = 65_536
/** The keys before the current ones open packets for this long after sealing has left them. */
const TRANSITION_MS = 3_600_000

/**
 * The key states of one session: the current one, at most one renegotiation that is under way, and the one before the
 * current, whose TLS engine goes when sealing has left its data keys, and which then only acknowledges.
 */
export class KeyRing {
  readonly #outbox: Outbox
  readonly #terms: ReliableTerms
  #current: KeyState
  #pending: KeyState | undefined
  #retired: KeyState | undefined
  #all: readonly KeyState[]
  #lastKeyId: KeyId = 0
  #keyIdBefore: KeyId = 0
  #usedKeyId: KeyId | undefined
  #swapAtMs: number | undefined
  #deleteAtMs: number | undefined

  /** Begins with key id 0, whose resets were exchanged before there was any state. */
  constructor(outbox: Outbox, terms: ReliableTerms, nowMs: number) {
    this.#outbox = outbox
    this.#terms = terms
    this.#current = new KeyState(0, 1, nowMs, terms)
    this.#all = [this.#current]
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

  /** The oldest first. */
  get all(): readonly KeyState[] {
    return this.#all
  }

  /** When each of them has packets to send. */
  get packetTimes(): readonly (number | undefined)[] {
    return this.#all.map(({ channel }) => channel.nextDueMs)
  }

  /** When something else is to be done. */
  get times(): readonly (number | undefined)[] {
    return [...this.#all.map(({ deadlineMs }) => deadlineMs), this.#swapAtMs, this.#deleteAtMs]
  }

  /** True when the peer lets more wait than any handshake makes. */
  get isCongested(): boolean {
    return this.#all.some(({ channel }) => channel.waitingBytes > MAX_WAITING_BYTES)
  }

  /** The only key id that a renegotiation may use. */
  get nextKeyId(): KeyId {
    return nextKeyId(this.#lastKeyId)
  }

  find(keyId: KeyId): KeyState | undefined {
    return this.#all.find((state) => state.keyId === keyId)
  }

  /** Begins a renegotiation; none may be under way. */
  begin(nowMs: number): KeyState {
    // The slot for the new keys is the one that holds the older keys: sealing must have left it.
    if (this.#swapAtMs !== undefined) this.#swap(nowMs)
    this.#usedKeyId = undefined
    this.#keyIdBefore = this.#lastKeyId
    this.#lastKeyId = this.nextKeyId
    this.#pending = new KeyState(this.#lastKeyId, 0, nowMs, this.#terms)
    this.#note()
    this.#pending.channel.queueReset()
    this.#outbox.emit({ type: 'tls-start', keyId: this.#lastKeyId })
    return this.#pending
  }

  /** Notes that the keys of the renegotiation under way were given out: they took the slot of the oldest ones. */
  noteInstalled(): void {
    this.#deleteAtMs = undefined
  }

  /** Makes the renegotiation under way the current key state; sealing follows when the client has used its keys. */
  promote(nowMs: number): void {
    if (this.#pending === undefined) return
    this.#retired = this.#current
    this.#current = this.#pending
    this.#pending = undefined
    this.#note()
    this.#swapAtMs = nowMs + SWAP_AFTER_MS
    if (this.#usedKeyId === this.#current.keyId) this.#swap(nowMs)
  }

  /**
   * Gives up the renegotiation under way. Its key id is used up unless the client never answered: then the client's next
   * key id is still this one, and another would put both sides out of step for good.
   */
  abandon(): void {
    if (this.#pending === undefined) return
    this.stopTls(this.#pending)
    if (!this.#pending.heard) this.#lastKeyId = this.#keyIdBefore
    this.#pending = undefined
    this.#note()
  }

  /** Notes that the client seals with this key: it has it, so the server may too. */
  noteUsed(keyId: KeyId, nowMs: number): void {
    this.#usedKeyId = keyId
    if (this.#pending?.keyId === keyId) this.#pending.noteAnswerArrived()
    if (this.#swapAtMs !== undefined && keyId === this.#current.keyId) this.#swap(nowMs)
  }

  /** Moves sealing and deletes keys whose time has come. */
  expire(nowMs: number): void {
    if (this.#swapAtMs !== undefined && this.#swapAtMs <= nowMs) this.#swap(nowMs)
    if (this.#deleteAtMs === undefined || this.#deleteAtMs > nowMs) return
    this.#deleteAtMs = undefined
    this.#outbox.emit({ type: 'delete-keys', slot: 'secondary' })
  }

  /** Leaves the data keys as they are for good. */
  freeze(): void {
    this.#swapAtMs = undefined
    this.#deleteAtMs = undefined
  }

  /** Gives the packets that every key state has to send. */
  transmit(seal: SealPacket, nowMs: number): void {
    for (const { channel } of this.#all) {
      for (const bytes of channel.flush(seal, nowMs)) this.#outbox.emit({ type: 'send', bytes })
    }
  }

  /** Sends messages no more; acknowledgements go on. */
  stopSending(): void {
    for (const { channel } of this.#all) channel.stopSending()
  }

  stopAllTls(): void {
    for (const keyState of this.#all) this.stopTls(keyState)
  }

  stopTls(keyState: KeyState): void {
    if (keyState.stopTls()) this.#outbox.emit({ type: 'tls-stop', keyId: keyState.keyId })
  }

  /** Every input asks for all key states several times. */
  #note(): void {
    this.#all = [this.#retired, this.#current, this.#pending].filter((state) => state !== undefined)
  }

  #swap(nowMs: number): void {
    this.#swapAtMs = undefined
    this.#deleteAtMs = nowMs + TRANSITION_MS
    this.#outbox.emit({ type: 'swap-keys' })
    if (this.#retired === undefined) return
    this.#retired.channel.stopSending()
    this.stopTls(this.#retired)
  }
}
