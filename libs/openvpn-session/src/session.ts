import { type CryptoSuite, namesSession, OPCODE } from '@sallyport/openvpn-wire'

import type { ClientIdentity, KeyStateInput, SessionAction, SessionEndReason, SessionInput } from './actions.ts'
import { readClientMessages } from './client-message.ts'
import { endMessage, type EndOrder, NOT_RENEWED, SESSION_OVER } from './control-messages.ts'
import { Ending, LINGER_MS } from './ending.ts'
import { Admission } from './handshake/admission.ts'
import { Decision } from './handshake/decision.ts'
import { dynamicTlsCryptKey } from './keys/derive.ts'
import { KeyRing } from './keys/key-ring.ts'
import { type KeyState, wipeKeyMaterial } from './keys/key-state.ts'
import { Renewal } from './keys/renewal.ts'
import { Outbox } from './outbox.ts'
import { Bulletin } from './push/bulletin.ts'
import { serverTerms } from './reliable/terms.ts'
import { isPast, WakeTimer } from './wake-timer.ts'
import type { ControlLink, ReceivedPacket } from './wrap/control-link.ts'
import { tlsCryptKeys } from './wrap/tls-crypt.ts'
import { TlsCryptWrapping } from './wrap/wrapping.ts'

/** What a session needs from the packets that opened it. */
export interface SessionInit {
  readonly suite: CryptoSuite
  readonly link: ControlLink
  readonly identity: ClientIdentity
  /** The 256-byte key of the first wrapping; the session owns and wipes it. */
  readonly wrappingKey: Uint8Array
}

/**
 * The server's side of one client connection. It does no I/O: everything that happens is an input, everything it wants
 * is an action. Inputs never make it throw, whatever bytes they carry. After its inputs the host lets it `settle`: only
 * then it sends. It gives `ended` exactly once and later, as its last action but drops, `closed`.
 */
export class Session {
  /** Whose profile opened the session. */
  readonly identity: ClientIdentity
  readonly #suite: CryptoSuite
  readonly #link: ControlLink
  readonly #wrappingKey: Uint8Array
  readonly #outbox = new Outbox()
  readonly #timer = new WakeTimer(this.#outbox)
  readonly #ending = new Ending(this.#outbox)
  readonly #renewal = new Renewal()
  readonly #admission: Admission
  readonly #decision: Decision
  readonly #bulletin: Bulletin
  readonly #keys: KeyRing
  #nowMs: number
  #pushRequested = false
  #connected = false
  #closed = false
  #over = false

  constructor({ suite, link, identity, wrappingKey }: SessionInit, nowMs: number) {
    this.identity = identity
    this.#suite = suite
    this.#link = link
    this.#wrappingKey = wrappingKey
    this.#nowMs = nowMs
    this.#admission = new Admission(link.transport)
    this.#bulletin = new Bulletin(link.transport)
    const [outbox, ending, renewal, admission] = [this.#outbox, this.#ending, this.#renewal, this.#admission]
    this.#decision = new Decision({ suite, outbox, ending, renewal, admission })
    this.#keys = new KeyRing(this.#outbox, serverTerms(link.transport), nowMs)
  }

  /** Says whether a packet names this session's client; another client behind the same address starts anew. */
  owns(bytes: Uint8Array): boolean {
    return namesSession(bytes, this.#link.remoteSessionId)
  }

  /** Takes one input and gives everything that follows from it, in order, but packets. */
  handle(input: SessionInput, nowMs: number): SessionAction[] {
    if (this.#closed) return input.type === 'datagram' ? [{ type: 'drop', reason: 'session-closed' }] : []
    this.#nowMs = nowMs
    this.#take(input)
    this.#advance()
    this.#expire()
    return this.#outbox.take()
  }

  /**
   * Gives the packets that are due, and when to wake. To be called as soon as the host has no more inputs that come of
   * the last actions: so an acknowledgement travels with the answer of the TLS engine, where there is one.
   */
  settle(): SessionAction[] {
    if (this.#over) return []
    if (this.#closed) this.#close()
    else this.#transmit()
    return this.#outbox.take()
  }

  /** Closes at once and without a word, for a host that goes on without it: wipes every key. Often is as good as once. */
  discard(): void {
    this.#closed = true
    this.#over = true
    for (const keyState of this.#keys.all) keyState.stopTls()
    this.#wrappingKey.fill(0)
  }

  #take(input: SessionInput): void {
    switch (input.type) {
      case 'datagram':
        this.#receive(input.bytes)
        break
      case 'timer':
        this.#timer.noteFired()
        break
      case 'key-used':
        this.#keys.noteUsed(input.keyId, this.#nowMs)
        break
      case 'key-limit':
        if (input.keyId === this.#keys.current.keyId) this.#renewal.noteLimit(this.#nowMs)
        break
      case 'peer-gone':
        this.#ending.end(input.reason, this.#nowMs)
        break
      case 'end':
        this.#endByOrder(input)
        break
      case 'ends-at':
        this.#renewal.noteEnd(input, this.#nowMs)
        break
      case 'push-update':
        this.#bulletin.want(input.configuration)
        break
      case 'info':
        this.#bulletin.note(input.message)
        break
      case 'tls-ciphertext':
      case 'tls-established':
      case 'tls-plaintext':
      case 'tls-failed':
      case 'allowed':
      case 'refused':
      case 'pending':
        this.#takeForKeyState(this.#keys.find(input.keyId), input)
        break
    }
  }

  #takeForKeyState(keyState: KeyState | undefined, input: KeyStateInput): void {
    const isDecision = input.type === 'allowed' || input.type === 'refused'
    if (isDecision && !this.#decision.noteAnswer(input.keyId, keyState)) return
    if (keyState === undefined) {
      if (input.type === 'tls-established') wipeKeyMaterial(input.keyMaterial)
      return
    }
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
        if (this.#decision.allow(keyState, input.grant) && keyState.keyId !== 0)
          this.#installKeys(keyState, 'secondary')
        break
      case 'refused':
        this.#decision.refuse(keyState, input.refusal)
        break
      case 'pending':
        this.#decision.ask(keyState, input.pending, this.#nowMs)
        break
    }
  }

  #receive(bytes: Uint8Array): void {
    const packet = this.#link.open(bytes)
    if (packet.type === 'drop') {
      this.#outbox.drop(packet.reason)
      if (packet.fatal) this.#ending.end('protocol-error', this.#nowMs)
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
    keyState.heard = true
    const { tlsBytes, drop } = keyState.channel.receive(body, this.#nowMs)
    if (drop !== undefined) this.#outbox.drop(drop)
    if (tlsBytes.length === 0 || !keyState.tlsRunning || this.#ending.closeAtMs !== undefined) return
    this.#outbox.emit({ type: 'tls-deliver', keyId: keyState.keyId, bytes: tlsBytes })
  }

  #acceptRenegotiation({ opcode, keyId, replayed }: ReceivedPacket): KeyState | undefined {
    if (opcode !== OPCODE.softReset || replayed || keyId !== this.#keys.nextKeyId) return undefined
    if (!this.#mayRenegotiate() || !this.#renewal.allowByClient(this.#nowMs)) return undefined
    return this.#beginRenegotiation()
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
        this.#decision.introduce(keyState, result.introduction)
        this.#readMessages(keyState, result.rest)
        break
      case 'messages':
        this.#readMessages(keyState, result.bytes)
        break
    }
  }

  #readMessages(keyState: KeyState, record: Uint8Array): void {
    for (const message of readClientMessages(record)) {
      if (message.type === 'push-request') this.#takePushRequest(keyState)
      else if (message.type === 'exit') this.#exit()
      else if (message.type === 'challenge-response') this.#decision.answer(keyState, message.response)
      else this.#outbox.drop('bad-control-message')
    }
  }

  #takePushRequest(keyState: KeyState): void {
    this.#pushRequested = true
    if (!keyState.active) keyState.noteAnswerArrived()
  }

  #exit(): void {
    this.#ending.end('client-exit', this.#nowMs + LINGER_MS)
    this.#keys.stopSending()
  }

  #advance(): void {
    for (const keyState of this.#keys.all) keyState.updateActive()
    this.#bidFarewell()
    if (this.#ending.begun) return
    const { current, pending } = this.#keys
    if (pending?.active === true) this.#finishRenegotiation(pending)
    else if (!this.#connected && current.active) this.#connectWhenReady(current)
    this.#decision.say(this.#keys.current)
    this.#sayNews()
  }

  #sayNews(): void {
    const { keyId, active } = this.#keys.newest
    const abilities = this.#admission.admitted?.terms.abilities
    if (!this.#connected || !active || abilities === undefined) return
    const { messages, updated } = this.#bulletin.take(abilities)
    for (const message of messages) this.#outbox.write(keyId, message)
    if (!updated) this.#outbox.emit({ type: 'not-updated' })
  }

  #bidFarewell(): void {
    const { unsaid } = this.#ending
    const { active, keyId } = this.#keys.newest
    if (unsaid !== undefined && active) this.#ending.say(unsaid, keyId, this.#nowMs)
  }

  #connectWhenReady(keyState: KeyState): void {
    const { admitted } = this.#admission
    const { grant } = this.#decision
    if (keyState.announcement === undefined || admitted === undefined || grant === undefined) return
    if (!admitted.terms.abilities.pushUnasked && !this.#pushRequested) return
    const exported = keyState.dynamicTlsCryptSecret
    if (admitted.terms.dynamicTlsCrypt && exported !== undefined) this.#wrapRenegotiations(exported)
    if (!this.#installKeys(keyState, 'primary')) return
    this.#connected = true
    this.#renewal.noteKey(this.#nowMs)
    this.#bulletin.noteTold(grant.configuration)
    this.#announce(keyState)
    const { terms, peerInfo } = admitted
    this.#outbox.emit({ type: 'connected', cipher: terms.cipher, peerInfo, family: terms.abilities.family.name })
  }

  #wrapRenegotiations(exported: Uint8Array): void {
    const keys = tlsCryptKeys(dynamicTlsCryptKey(exported, this.#wrappingKey), 'server')
    const last = { id: 0, timeSeconds: Math.floor(this.#nowMs / 1000) }
    this.#link.wrapRenegotiationsWith(new TlsCryptWrapping(this.#suite, keys, last, this.#link.transport))
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
    if (keys === undefined || terms === undefined) {
      this.#fail(keyState, 'protocol-error')
      return false
    }
    if (slot === 'secondary') this.#keys.noteInstalled()
    this.#outbox.emit({ type: 'install-keys', keyId: keyState.keyId, slot, keys, framing: terms.framing })
    return true
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
    if (this.#keys.isCongested) this.#ending.end('protocol-error', this.#nowMs)
    if (isPast(pending?.deadlineMs, this.#nowMs)) this.#giveUpRenegotiation()
    if (isPast(current.deadlineMs, this.#nowMs)) this.#giveUpHandshake(current)
    if (isPast(this.#renewal.endsAtMs, this.#nowMs)) this.#endByOrder(SESSION_OVER)
    if (this.#mayRenegotiate() && isPast(this.#renewal.dueAtMs, this.#nowMs)) this.#beginRenegotiation()
    if (this.#ending.over) this.#keys.freeze()
    this.#keys.expire(this.#nowMs)
    this.#closed = isPast(this.#ending.closeAtMs, this.#nowMs)
  }

  #giveUpHandshake(keyState: KeyState): void {
    if (this.#decision.expire(keyState)) this.#bidFarewell()
    else this.#ending.end(this.#ending.unsaid?.reason ?? 'handshake-timeout', this.#nowMs)
  }

  #giveUpRenegotiation(): void {
    const { unsaid } = this.#ending
    if (unsaid !== undefined) {
      this.#ending.end(unsaid.reason, this.#nowMs)
      return
    }
    this.#keys.abandon()
    if (this.#renewal.noteFailure(this.#nowMs)) this.#endByOrder(NOT_RENEWED, 'renegotiation-failed')
  }

  /** The connection is over at once; its client is told as soon as it can hear it. */
  #endByOrder(order: EndOrder, reason: SessionEndReason = 'ordered'): void {
    // A client is told of EXIT with its configuration.
    const how = order.how === 'exit' && !this.#connected ? 'restart' : order.how
    const text = endMessage({ ...order, how }, this.#admission.admitted?.terms.abilities)
    this.#ending.plan({ text, reason, refusal: undefined }, true)
    this.#bidFarewell()
  }

  #close(): void {
    this.#timer.set([])
    this.#keys.stopAllTls()
    this.discard()
    this.#outbox.emit({ type: 'closed' })
  }

  #transmit(): void {
    this.#keys.transmit(this.#link.seal.bind(this.#link), this.#nowMs)
    this.#timer.set(this.#wakeTimes())
  }

  #wakeTimes(): readonly (number | undefined)[] {
    const { closeAtMs, begun } = this.#ending
    // What is left of a session that closes waits for nothing else; a time that has passed would wake it without end.
    if (closeAtMs !== undefined) return [closeAtMs, ...this.#keys.packetTimes]
    const dueAtMs = this.#mayRenegotiate() ? this.#renewal.dueAtMs : undefined
    return [...this.#keys.packetTimes, ...this.#keys.times, dueAtMs, begun ? undefined : this.#renewal.endsAtMs]
  }
}
