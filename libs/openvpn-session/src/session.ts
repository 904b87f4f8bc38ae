import {
  type ClientMetadata,
  type CryptoSuite,
  type KeyId,
  OPCODE,
  parseControlHeader,
  parseControlMessages,
  sameSessionId,
} from '@sallyport/openvpn-wire'

import type { Refusal, SessionAction, SessionEndReason, SessionGrant, SessionInput } from './actions.ts'
import { authFailedMessage, endMessage, NOT_RENEWED_MESSAGE, SESSION_OVER_MESSAGE } from './control-messages.ts'
import { Ending, LINGER_MS } from './ending.ts'
import { Admission } from './handshake/admission.ts'
import { dynamicTlsCryptKey } from './keys/derive.ts'
import { KeyRing } from './keys/key-ring.ts'
import type { ClientIntroduction, KeyState } from './keys/key-state.ts'
import { Renewal } from './keys/renewal.ts'
import { Outbox } from './outbox.ts'
import type { ControlLink, ReceivedPacket } from './wrap/control-link.ts'
import { tlsCryptKeys } from './wrap/tls-crypt.ts'
import { TlsCryptWrapping } from './wrap/wrapping.ts'

/** Inputs that mean nothing once their key state is gone. */
type KeyStateInput = Exclude<Extract<SessionInput, { keyId: KeyId }>, { type: 'key-used' | 'key-limit' }>

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
 * is an action. Inputs never make it throw, whatever bytes they carry. It gives `ended` exactly once and later, as its
 * last action but drops, `closed`.
 */
export class Session {
  /** Whose profile opened the session. */
  readonly metadata: ClientMetadata
  readonly #suite: CryptoSuite
  readonly #link: ControlLink
  readonly #wrappingKey: Uint8Array
  readonly #outbox = new Outbox()
  readonly #admission = new Admission()
  readonly #ending = new Ending(this.#outbox)
  readonly #renewal = new Renewal()
  readonly #keys: KeyRing
  #nowMs: number
  #pushRequested = false
  #connected = false
  #closed = false
  #timerAtMs: number | undefined

  constructor({ suite, link, metadata, wrappingKey }: SessionInit, nowMs: number) {
    this.metadata = metadata
    this.#suite = suite
    this.#link = link
    this.#wrappingKey = wrappingKey
    this.#nowMs = nowMs
    this.#keys = new KeyRing(this.#outbox, nowMs)
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
    return this.#outbox.take()
  }

  #take(input: SessionInput): void {
    switch (input.type) {
      case 'datagram':
        this.#receive(input.bytes)
        break
      case 'timer':
        // A timer may fire a little early; then the same time is asked for again.
        this.#timerAtMs = undefined
        break
      case 'key-used':
        this.#keys.noteUsed(input.keyId)
        break
      case 'key-limit':
        if (input.keyId === this.#keys.current.keyId) this.#renewal.noteLimit(this.#nowMs)
        break
      case 'peer-gone':
        this.#ending.end(input.reason, this.#nowMs)
        break
      case 'end':
        this.#endByOrder(endMessage(input.how, input.reason))
        break
      case 'tls-ciphertext':
      case 'tls-established':
      case 'tls-plaintext':
      case 'tls-failed':
      case 'allowed':
      case 'refused':
        this.#takeForKeyState(this.#keys.find(input.keyId), input)
        break
    }
  }

  #takeForKeyState(keyState: KeyState | undefined, input: KeyStateInput): void {
    if (keyState === undefined) return
    switch (input.type) {
      case 'tls-ciphertext':
        if (keyState.tlsRunning) keyState.queueCiphertext(input.bytes)
        break
      case 'tls-established':
        keyState.establish(input.peer, input.keyMaterial)
        this.#readPlaintext(keyState, new Uint8Array(0))
        break
      case 'tls-plaintext':
        this.#readPlaintext(keyState, input.bytes)
        break
      case 'tls-failed':
        this.#fail(keyState, 'tls-failed')
        break
      case 'allowed':
        this.#allow(keyState, input.grant)
        break
      case 'refused':
        this.#refuse(keyState, input.refusal)
        break
    }
  }

  #receive(bytes: Uint8Array): void {
    const packet = this.#link.open(bytes)
    if (packet.type === 'drop') {
      this.#outbox.drop(packet.reason)
      return
    }
    const { opcode, keyId, body } = packet
    const keyState = this.#keys.find(keyId) ?? this.#acceptRenegotiation(packet)
    if (packet.replayed) {
      if (body.messageId !== undefined) keyState?.channel.receiveReplayed(body.messageId)
      this.#outbox.drop('replayed-wrap')
    } else if (keyState === undefined) {
      this.#outbox.drop(opcode === OPCODE.softReset ? 'unexpected' : 'bad-key-id')
    } else {
      this.#deliver(keyState, packet)
    }
  }

  #deliver(keyState: KeyState, { body }: ReceivedPacket): void {
    const { tlsBytes, drop } = keyState.channel.receive(body, this.#nowMs)
    if (drop !== undefined) this.#outbox.drop(drop)
    if (tlsBytes.length === 0 || !keyState.tlsRunning || this.#ending.closeAtMs !== undefined) return
    this.#outbox.emit({ type: 'tls-deliver', keyId: keyState.keyId, bytes: tlsBytes })
  }

  #acceptRenegotiation({ opcode, keyId, replayed }: ReceivedPacket): KeyState | undefined {
    if (opcode !== OPCODE.softReset || replayed || keyId !== this.#keys.nextKeyId) return undefined
    return this.#mayRenegotiate() ? this.#beginRenegotiation() : undefined
  }

  #beginRenegotiation(): KeyState {
    this.#renewal.noteAttempt(this.#nowMs)
    return this.#keys.begin(this.#nowMs)
  }

  #mayRenegotiate(): boolean {
    return this.#connected && this.#keys.pending === undefined && !this.#ending.begun
  }

  #readPlaintext(keyState: KeyState, bytes: Uint8Array): void {
    if (!keyState.tlsRunning || this.#ending.closeAtMs !== undefined) return
    const result = keyState.readPlaintext(bytes)
    switch (result.type) {
      case 'incomplete':
        break
      case 'malformed':
        this.#outbox.drop('bad-key-method')
        this.#fail(keyState, 'protocol-error')
        break
      case 'introduction':
        this.#introduce(keyState, result.introduction)
        this.#readMessages(result.rest)
        break
      case 'messages':
        this.#readMessages(result.bytes)
        break
    }
  }

  #introduce(keyState: KeyState, introduction: ClientIntroduction): void {
    const { keyId } = keyState
    const answer = keyState.answerKeyMethod(this.#suite, introduction.options)
    this.#outbox.emit({ type: 'tls-write', keyId, bytes: answer })
    if (this.#ending.begun) return
    const consideration = this.#admission.consider(introduction)
    if (consideration.type === 'refused') this.#refuse(keyState, consideration.refusal, consideration.reason)
    else this.#outbox.emit({ type: 'authenticate', keyId, request: consideration.request })
  }

  #readMessages(record: Uint8Array): void {
    for (const message of parseControlMessages(record) ?? [undefined]) {
      if (message === 'PUSH_REQUEST') this.#pushRequested = true
      else if (message === 'EXIT') this.#exit()
      else this.#outbox.drop('bad-control-message')
    }
  }

  #exit(): void {
    this.#ending.end('client-exit', this.#nowMs + LINGER_MS)
    for (const { channel } of this.#keys.all) channel.stopSending()
  }

  #allow(keyState: KeyState, grant: SessionGrant): void {
    // Without TLS its secrets are gone and nothing more can be said on it; a refusal counts all the same.
    if (!this.#isUndecided(keyState) || !keyState.tlsRunning) return
    this.#renewal.noteGrant(grant)
    const phase = keyState === this.#keys.pending ? 'renegotiation' : 'initial'
    keyState.announcement = this.#admission.announce(phase, grant)
    if (keyState.announcement === undefined) {
      const message = 'The configuration of this connection is not valid'
      this.#refuse(keyState, { code: 'invalid-grant', message })
    } else if (phase === 'renegotiation') {
      this.#installKeys(keyState, 'secondary')
    }
  }

  #refuse(keyState: KeyState, refusal: Refusal, reason: SessionEndReason = 'refused'): void {
    if (!this.#isUndecided(keyState)) return
    const understandsTemporary = this.#admission.admitted?.terms.understandsTemporaryFailure ?? false
    this.#ending.plan({ text: authFailedMessage(refusal, understandsTemporary), reason, refusal }, this.#connected)
  }

  #isUndecided(keyState: KeyState): boolean {
    return keyState.introduced && keyState.announcement === undefined && !this.#ending.begun
  }

  #advance(): void {
    for (const keyState of this.#keys.all) keyState.updateActive()
    this.#bidFarewell()
    if (this.#ending.begun) return
    const { current, pending } = this.#keys
    if (pending?.active === true) this.#finishRenegotiation(pending)
    else if (!this.#connected && current.active) this.#connectWhenReady(current)
  }

  #bidFarewell(): void {
    const { unsaid } = this.#ending
    const { active, keyId } = this.#keys.newest
    if (unsaid !== undefined && active) this.#ending.say(unsaid, keyId, this.#nowMs)
  }

  #connectWhenReady(keyState: KeyState): void {
    const { admitted } = this.#admission
    if (keyState.announcement === undefined || admitted === undefined) return
    if (!admitted.terms.pushUnasked && !this.#pushRequested) return
    const exported = keyState.dynamicTlsCryptSecret
    if (admitted.terms.dynamicTlsCrypt && exported !== undefined) this.#wrapRenegotiations(exported)
    if (!this.#installKeys(keyState, 'primary')) return
    this.#connected = true
    this.#renewal.noteKey(this.#nowMs)
    this.#announce(keyState)
    this.#outbox.emit({ type: 'connected', cipher: admitted.terms.cipher, peerInfo: admitted.peerInfo })
  }

  #wrapRenegotiations(exported: Uint8Array): void {
    const keys = tlsCryptKeys(dynamicTlsCryptKey(exported, this.#wrappingKey), 'server')
    const last = { id: 0, timeSeconds: Math.floor(this.#nowMs / 1000) }
    this.#link.wrapRenegotiationsWith(new TlsCryptWrapping(this.#suite, keys, last))
  }

  #finishRenegotiation(keyState: KeyState): void {
    if (keyState.announcement === undefined) return
    this.#announce(keyState)
    this.#keys.promote(this.#nowMs)
    this.#renewal.noteKey(this.#nowMs)
  }

  #installKeys(keyState: KeyState, slot: 'primary' | 'secondary'): boolean {
    const { remoteSessionId, localSessionId } = this.#link
    const terms = this.#admission.admitted?.terms
    const keys =
      terms && keyState.deriveDataKeys(this.#suite, terms, { client: remoteSessionId, server: localSessionId })
    keyState.wipe()
    if (keys === undefined) this.#fail(keyState, 'protocol-error')
    else this.#outbox.emit({ type: 'install-keys', keyId: keyState.keyId, slot, keys })
    return keys !== undefined
  }

  #announce(keyState: KeyState): void {
    keyState.deadlineMs = undefined
    for (const message of keyState.announcement ?? []) this.#outbox.write(keyState.keyId, message)
  }

  /** A failed renegotiation leaves the connection as it is; the failure of the key state in use ends it. */
  #fail(keyState: KeyState, reason: 'tls-failed' | 'protocol-error'): void {
    if (keyState === this.#keys.current) {
      this.#ending.end(reason, this.#nowMs + LINGER_MS)
    } else if (keyState === this.#keys.pending) {
      this.#keys.stopTls(keyState)
      keyState.deadlineMs = Math.min(keyState.deadlineMs ?? Infinity, this.#nowMs + LINGER_MS)
    }
  }

  #expire(): void {
    const { current, pending } = this.#keys
    if (this.#keys.all.some(({ channel }) => channel.waitingBytes > MAX_WAITING_BYTES)) {
      this.#ending.end('protocol-error', this.#nowMs)
    }
    if (isPast(pending?.deadlineMs, this.#nowMs)) this.#giveUpRenegotiation()
    if (isPast(current.deadlineMs, this.#nowMs)) {
      this.#ending.end(this.#ending.unsaid?.reason ?? 'handshake-timeout', this.#nowMs)
    }
    if (isPast(this.#renewal.endsAtMs, this.#nowMs)) this.#endByOrder(SESSION_OVER_MESSAGE)
    if (this.#mayRenegotiate() && isPast(this.#renewal.dueAtMs, this.#nowMs)) this.#beginRenegotiation()
    if (this.#ending.over) this.#keys.cancelSwap()
    this.#keys.swapIfDue(this.#nowMs)
    this.#closed = isPast(this.#ending.closeAtMs, this.#nowMs)
  }

  #giveUpRenegotiation(): void {
    const { unsaid } = this.#ending
    if (unsaid !== undefined) {
      this.#ending.end(unsaid.reason, this.#nowMs)
      return
    }
    this.#keys.abandon()
    if (this.#renewal.noteFailure(this.#nowMs)) this.#endByOrder(NOT_RENEWED_MESSAGE, 'renegotiation-failed')
  }

  /** The connection is over at once; its client is told as soon as it can hear it. */
  #endByOrder(text: string, reason: SessionEndReason = 'ordered'): void {
    this.#ending.plan({ text, reason, refusal: undefined }, true)
    this.#bidFarewell()
  }

  #transmit(): void {
    if (this.#closed) return
    for (const { channel } of this.#keys.all) {
      const packets = channel.flush(this.#link.seal.bind(this.#link), this.#nowMs)
      for (const bytes of packets) this.#outbox.emit({ type: 'send', bytes })
    }
  }

  #finish(): void {
    const wakeAtMs = this.#closed ? undefined : this.#wakeAtMs()
    if (wakeAtMs !== this.#timerAtMs) this.#outbox.emit({ type: 'timer', atMs: wakeAtMs })
    this.#timerAtMs = wakeAtMs
    if (!this.#closed) return
    for (const keyState of this.#keys.all) this.#keys.stopTls(keyState)
    this.#wrappingKey.fill(0)
    this.#outbox.emit({ type: 'closed' })
  }

  #wakeAtMs(): number | undefined {
    const times = this.#keys.all.flatMap((keyState) => [keyState.deadlineMs, keyState.channel.nextDueMs])
    if (this.#mayRenegotiate()) times.push(this.#renewal.dueAtMs)
    if (!this.#ending.begun) times.push(this.#renewal.endsAtMs)
    const known = [...times, this.#keys.swapAtMs, this.#ending.closeAtMs].filter((time) => time !== undefined)
    return known.length === 0 ? undefined : Math.min(...known)
  }
}

function isPast(timeMs: number | undefined, nowMs: number): boolean {
  return timeMs !== undefined && timeMs <= nowMs
}
