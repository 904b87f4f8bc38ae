import {
  type ClientMetadata,
  type CryptoSuite,
  type KeyId,
  OPCODE,
  parseControlHeader,
  parseControlMessages,
  sameSessionId,
  serialiseControlMessage,
} from '@sallyport/openvpn-wire'

import type { Refusal, SessionAction, SessionDropReason, SessionEndReason, SessionGrant, SessionInput } from './actions.ts'
import { authFailedMessage, endMessage } from './control-messages.ts'
import { Ending, type Farewell, LINGER_MS } from './ending.ts'
import { Admission } from './handshake/admission.ts'
import { dynamicTlsCryptKey } from './keys/derive.ts'
import { KeyRing } from './keys/key-ring.ts'
import { type ClientIntroduction, KeyState } from './keys/key-state.ts'
import type { ControlLink, ReceivedPacket } from './wrap/control-link.ts'
import { tlsCryptKeys } from './wrap/tls-crypt.ts'
import { TlsCryptWrapping } from './wrap/wrapping.ts'

/** Sealing moves to a renegotiated key after this long even if the peer has not used it yet. */
const SWAP_AFTER_MS = 60_000
/** TLS output that a peer leaves unacknowledged; far more than any handshake makes. */
const MAX_WAITING_BYTES = 65_536

/** What a session needs from the packets that opened it. */
export interface SessionInit {
  readonly suite: CryptoSuite
  readonly link: ControlLink
  readonly metadata: ClientMetadata
  /** The 256-byte key of the first wrapping; the session owns and wipes it. */
  readonly wrappingKey: Uint8Array
}

/**
 * The server's side of one client connection. It does no I/O: everything that happens is an input, everything it wants
 * is an action. Inputs never make it throw, whatever bytes they carry. It gives `ended` exactly once and `closed` once,
 * as the last action.
 */
export class Session {
  /** Whose profile opened the session. */
  readonly metadata: ClientMetadata
  readonly #suite: CryptoSuite
  readonly #link: ControlLink
  readonly #wrappingKey: Uint8Array
  readonly #admission = new Admission()
  readonly #ending = new Ending()
  readonly #keys: KeyRing
  #actions: SessionAction[] = []
  #nowMs: number
  #pushRequested = false
  #connected = false
  #closed = false
  #usedKeyId: KeyId | undefined
  #swapAtMs: number | undefined
  #timerAtMs: number | undefined

  constructor({ suite, link, metadata, wrappingKey }: SessionInit, nowMs: number) {
    this.metadata = metadata
    this.#suite = suite
    this.#link = link
    this.#wrappingKey = wrappingKey
    this.#nowMs = nowMs
    this.#keys = new KeyRing(new KeyState(0, 1, nowMs))
    this.#emit({ type: 'tls-start', keyId: 0 })
  }

  /** Says whether a packet names this session's client; another client behind the same address starts anew. */
  owns(bytes: Uint8Array): boolean {
    const header = parseControlHeader(bytes)
    return header !== undefined && sameSessionId(this.#link.remoteSessionId, header.sessionId)
  }

  /** Takes one input and gives everything that follows from it, in order. */
  handle(input: SessionInput, nowMs: number): SessionAction[] {
    if (this.#closed) return input.type === 'datagram' ? [{ type: 'drop', reason: 'session-closed' }] : []
    this.#nowMs = nowMs
    this.#take(input)
    this.#advance()
    this.#expire()
    this.#transmit()
    this.#finish()
    const actions = this.#actions
    this.#actions = []
    return actions
  }

  #take(input: SessionInput): void {
    switch (input.type) {
      case 'datagram':
        return this.#receive(input.bytes)
      case 'timer':
        // A timer may fire a little early; then the same time is asked for again.
        this.#timerAtMs = undefined
        return
      case 'tls-ciphertext':
        return this.#queueCiphertext(input.keyId, input.bytes)
      case 'tls-plaintext':
        return this.#readPlaintext(input.keyId, input.bytes)
      case 'tls-established':
        this.#keys.find(input.keyId)?.establish(input.peer, input.keyMaterial)
        return this.#readPlaintext(input.keyId, new Uint8Array(0))
      case 'tls-failed':
        return this.#fail(this.#keys.find(input.keyId), 'tls-failed')
      case 'allowed':
        return this.#allow(this.#keys.find(input.keyId), input.grant)
      case 'refused':
        return this.#refuse(this.#keys.find(input.keyId), input.refusal)
      case 'key-used':
        return this.#noteKeyUsed(input.keyId)
      case 'key-limit':
        if (input.keyId === this.#keys.current.keyId && this.#mayRenegotiate()) this.#renegotiate()
        return
      case 'peer-gone':
        return this.#end(input.reason, 0)
      case 'end':
        return this.#order(input.how, input.reason)
    }
  }

  #receive(bytes: Uint8Array): void {
    const packet = this.#link.open(bytes)
    if (packet.type === 'drop') return this.#drop(packet.reason)
    const { keyId, body } = packet
    if (packet.replayed) {
      if (body.messageId !== undefined) this.#keys.find(keyId)?.channel.receiveReplayed(body.messageId)
      return this.#drop('replayed-wrap')
    }
    if (!hasFittingMessageId(packet)) return this.#drop('bad-message-id')
    const keyState = this.#keys.find(keyId) ?? this.#acceptRenegotiation(packet)
    if (keyState === undefined) return this.#drop(packet.opcode === OPCODE.softReset ? 'unexpected' : 'bad-key-id')
    const { tlsBytes, drop } = keyState.channel.receive(body, this.#nowMs)
    if (drop !== undefined) return this.#drop(drop)
    if (tlsBytes.length > 0 && keyState.tlsRunning && this.#ending.closeAtMs === undefined) {
      this.#emit({ type: 'tls-deliver', keyId, bytes: tlsBytes })
    }
  }

  #acceptRenegotiation({ opcode, keyId }: ReceivedPacket): KeyState | undefined {
    const acceptable = opcode === OPCODE.softReset && keyId === this.#keys.nextKeyId && this.#mayRenegotiate()
    return acceptable ? this.#renegotiate() : undefined
  }

  #mayRenegotiate(): boolean {
    return this.#connected && this.#keys.pending === undefined && !this.#ending.begun
  }

  #renegotiate(): KeyState {
    // The slot for the new keys is the one that holds the older keys: sealing must have left it.
    if (this.#swapAtMs !== undefined) this.#swapKeys()
    this.#usedKeyId = undefined
    const keyState = this.#keys.begin(this.#nowMs)
    keyState.channel.queueReset()
    this.#emit({ type: 'tls-start', keyId: keyState.keyId })
    return keyState
  }

  #queueCiphertext(keyId: KeyId, bytes: Uint8Array): void {
    const keyState = this.#keys.find(keyId)
    if (keyState?.tlsRunning === true) keyState.queueCiphertext(bytes)
  }

  #readPlaintext(keyId: KeyId, bytes: Uint8Array): void {
    const keyState = this.#keys.find(keyId)
    if (keyState?.tlsRunning !== true || this.#ending.closeAtMs !== undefined) return
    const result = keyState.readPlaintext(bytes)
    switch (result.type) {
      case 'incomplete':
        return
      case 'malformed':
        this.#drop('bad-key-method')
        return this.#fail(keyState, 'protocol-error')
      case 'introduction':
        this.#introduce(keyState, result.introduction)
        return this.#readMessages(result.rest)
      case 'messages':
        return this.#readMessages(result.bytes)
    }
  }

  #introduce(keyState: KeyState, introduction: ClientIntroduction): void {
    const { keyId } = keyState
    const answer = keyState.answerKeyMethod(this.#suite, introduction.options)
    this.#emit({ type: 'tls-write', keyId, bytes: answer })
    if (this.#ending.begun) return
    const consideration = this.#admission.consider(introduction)
    if (consideration.type === 'ask') this.#emit({ type: 'authenticate', keyId, request: consideration.request })
    else this.#refuse(keyState, consideration.refusal, consideration.reason)
  }

  #readMessages(record: Uint8Array): void {
    const messages = parseControlMessages(record)
    if (messages === undefined) return this.#drop('bad-control-message')
    for (const message of messages) {
      if (message === 'PUSH_REQUEST') this.#pushRequested = true
      else if (message === 'EXIT') this.#end('client-exit', LINGER_MS)
      else this.#drop('bad-control-message')
    }
  }

  #allow(keyState: KeyState | undefined, grant: SessionGrant): void {
    if (!this.#isUndecided(keyState)) return
    const phase = keyState === this.#keys.pending ? 'renegotiation' : 'initial'
    keyState.announcement = this.#admission.announce(phase, grant)
    if (keyState.announcement === undefined) {
      const message = 'The configuration of this connection is not valid'
      return this.#refuse(keyState, { code: 'invalid-grant', message })
    }
    if (phase === 'renegotiation') this.#installKeys(keyState, 'secondary')
  }

  #refuse(keyState: KeyState | undefined, refusal: Refusal, reason: SessionEndReason = 'refused'): void {
    if (!this.#isUndecided(keyState)) return
    const understandsTemporary = this.#admission.admitted?.terms.understandsTemporaryFailure ?? false
    this.#ending.plan({ text: authFailedMessage(refusal, understandsTemporary), reason, refusal })
    if (this.#connected) this.#reportEnded(reason)
  }

  #isUndecided(keyState: KeyState | undefined): keyState is KeyState {
    return keyState?.introduced === true && keyState.announcement === undefined && !this.#ending.begun
  }

  #order(how: 'halt' | 'restart' | 'auth-failed', reason: string): void {
    const planned = this.#ending.plan({ text: endMessage(how, reason), reason: 'ordered', refusal: undefined })
    if (planned) this.#reportEnded('ordered')
  }

  #noteKeyUsed(keyId: KeyId): void {
    this.#usedKeyId = keyId
    if (this.#swapAtMs !== undefined && keyId === this.#keys.current.keyId) this.#swapKeys()
  }

  #advance(): void {
    for (const keyState of this.#keys.all) keyState.updateActive()
    const farewell = this.#ending.unsaid
    if (farewell !== undefined && this.#keys.newest.active) this.#say(farewell)
    if (this.#ending.begun) return
    if (this.#keys.pending?.active === true) this.#finishRenegotiation(this.#keys.pending)
    else if (!this.#connected) this.#connectWhenReady(this.#keys.current)
  }

  #connectWhenReady(keyState: KeyState): void {
    const { admitted } = this.#admission
    if (!keyState.active || keyState.announcement === undefined || admitted === undefined) return
    if (!admitted.terms.pushUnasked && !this.#pushRequested) return
    this.#wrapRenegotiations(keyState)
    if (!this.#installKeys(keyState, 'primary')) return
    this.#connected = true
    this.#announce(keyState)
    this.#emit({ type: 'connected', cipher: admitted.terms.cipher, peerInfo: admitted.peerInfo })
  }

  #wrapRenegotiations(keyState: KeyState): void {
    const exported = keyState.dynamicTlsCryptSecret
    if (this.#admission.admitted?.terms.dynamicTlsCrypt === true && exported !== undefined) {
      const keys = tlsCryptKeys(dynamicTlsCryptKey(exported, this.#wrappingKey), 'server')
      const timeSeconds = Math.floor(this.#nowMs / 1000)
      this.#link.wrapRenegotiationsWith(new TlsCryptWrapping(this.#suite, keys, { id: 0, timeSeconds }))
    }
  }

  #installKeys(keyState: KeyState, slot: 'primary' | 'secondary'): boolean {
    const { remoteSessionId, localSessionId } = this.#link
    const terms = this.#admission.admitted?.terms
    const ids = { client: remoteSessionId, server: localSessionId }
    const keys = terms && keyState.deriveDataKeys(this.#suite, terms, ids)
    keyState.wipe()
    if (keys === undefined) {
      this.#fail(keyState, 'protocol-error')
      return false
    }
    this.#emit({ type: 'install-keys', keyId: keyState.keyId, slot, keys })
    return true
  }

  #finishRenegotiation(keyState: KeyState): void {
    if (keyState.announcement === undefined) return
    this.#keys.promote()
    this.#announce(keyState)
    this.#swapAtMs = this.#nowMs + SWAP_AFTER_MS
    if (this.#usedKeyId === keyState.keyId) this.#swapKeys()
  }

  #announce(keyState: KeyState): void {
    keyState.deadlineMs = undefined
    for (const message of keyState.announcement ?? []) this.#write(keyState.keyId, message)
  }

  #swapKeys(): void {
    this.#swapAtMs = undefined
    this.#emit({ type: 'swap-keys' })
    const { retired } = this.#keys
    if (retired === undefined) return
    retired.channel.stopSending()
    this.#stopTls(retired)
  }

  /** A failed renegotiation leaves the connection as it is; the failure of the key state in use ends it. */
  #fail(keyState: KeyState | undefined, reason: 'tls-failed' | 'protocol-error'): void {
    if (keyState === undefined || keyState === this.#keys.retired) return
    if (keyState === this.#keys.pending) {
      this.#stopTls(keyState)
      keyState.deadlineMs = Math.min(keyState.deadlineMs ?? Infinity, this.#nowMs + LINGER_MS)
    } else this.#end(reason, LINGER_MS)
  }

  #say({ text, reason, refusal }: Farewell): void {
    this.#write(this.#keys.newest.keyId, text)
    if (refusal !== undefined) this.#emit({ type: 'refused', refusal })
    this.#end(reason, LINGER_MS)
  }

  #end(reason: SessionEndReason, lingerMs: number): void {
    this.#reportEnded(reason)
    this.#ending.closeAt(this.#nowMs + lingerMs)
    if (reason === 'client-exit') for (const { channel } of this.#keys.all) channel.stopSending()
  }

  #reportEnded(reason: SessionEndReason): void {
    const first = this.#ending.over(reason)
    if (first === undefined) return
    this.#swapAtMs = undefined
    this.#emit({ type: 'ended', reason: first })
  }

  #expire(): void {
    const { current, pending } = this.#keys
    if (this.#keys.all.some(({ channel }) => channel.waitingBytes > MAX_WAITING_BYTES)) this.#end('protocol-error', 0)
    if (isPast(this.#swapAtMs, this.#nowMs)) this.#swapKeys()
    if (isPast(pending?.deadlineMs, this.#nowMs)) this.#giveUpRenegotiation()
    if (isPast(current.deadlineMs, this.#nowMs)) this.#end(this.#ending.unsaid?.reason ?? 'handshake-timeout', 0)
    if (isPast(this.#ending.closeAtMs, this.#nowMs)) this.#closed = true
  }

  #giveUpRenegotiation(): void {
    const farewell = this.#ending.unsaid
    if (farewell !== undefined) return this.#end(farewell.reason, 0)
    if (this.#keys.pending !== undefined) this.#stopTls(this.#keys.pending)
    this.#keys.abandon()
  }

  #transmit(): void {
    if (this.#closed) return
    for (const { channel } of this.#keys.all) {
      const packets = channel.flush(this.#link.seal.bind(this.#link), this.#nowMs)
      for (const bytes of packets) this.#emit({ type: 'send', bytes })
    }
  }

  #finish(): void {
    const wakeAtMs = this.#closed ? undefined : this.#wakeAtMs()
    if (wakeAtMs !== this.#timerAtMs) this.#emit({ type: 'timer', atMs: wakeAtMs })
    this.#timerAtMs = wakeAtMs
    if (!this.#closed) return
    for (const keyState of this.#keys.all) this.#stopTls(keyState)
    this.#wrappingKey.fill(0)
    this.#emit({ type: 'closed' })
  }

  #wakeAtMs(): number | undefined {
    const times = this.#keys.all.flatMap((keyState) => [keyState.deadlineMs, keyState.channel.nextDueMs])
    const known = [...times, this.#swapAtMs, this.#ending.closeAtMs].filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }

  #stopTls(keyState: KeyState): void {
    if (keyState.stopTls()) this.#emit({ type: 'tls-stop', keyId: keyState.keyId })
  }

  #write(keyId: KeyId, message: string): void {
    this.#emit({ type: 'tls-write', keyId, bytes: serialiseControlMessage(message) })
  }

  #drop(reason: SessionDropReason): void {
    this.#emit({ type: 'drop', reason })
  }

  #emit(action: SessionAction): void {
    this.#actions.push(action)
  }
}

/** Message 0 is the reset and only the reset; a packet with a wrapped key is always message 1. */
function hasFittingMessageId({ opcode, keyId, body }: ReceivedPacket): boolean {
  switch (opcode) {
    case OPCODE.ack:
      return true
    case OPCODE.softReset:
      return body.messageId === 0 && keyId !== 0
    case OPCODE.controlWkc:
      return body.messageId === 1
    default:
      return body.messageId !== 0
  }
}

function isPast(timeMs: number | undefined, nowMs: number): boolean {
  return timeMs !== undefined && timeMs <= nowMs
}
