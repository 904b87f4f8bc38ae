import { Buffer } from 'node:buffer'

import {
  type CryptoSuite,
  type KeyId,
  OPCODE,
  parseResendWkc,
  serialiseControlMessage,
  type SessionId,
  toSessionId,
} from '@sallyport/openvpn-wire'

import type { TlsKeyMaterial } from '../actions.ts'
import { dynamicTlsCryptKey } from '../keys/derive.ts'
import { tlsCryptKeys } from '../wrap/tls-crypt.ts'
import { TlsCryptWrapping } from '../wrap/wrapping.ts'
import type { ClientAction, ClientDropReason, ClientInput, ClientOutcome, ProtocolErrorCode } from './client-actions.ts'
import { ClientKeyRing, earliest } from './client-key-ring.ts'
import type { ClientKeyState } from './client-key-state.ts'
import { ClientLink, type PacketFromServer } from './client-link.ts'
import { ClientPull, type Pulled } from './client-pull.ts'
import type { ClientSessionOptions } from './client-session-options.ts'
import { clientWrapping } from './client-wrap.ts'
import type { PulledConfiguration } from './pulled-configuration.ts'
import { readRecord } from './record-reader.ts'
import { readServerMessage } from './server-message.ts'

/** A client that left waits so long for the acknowledgement of its EXIT. */
const LINGER_MS = 2_000
/** More output than this waits for no well-behaved server. */
const MAX_WAITING_BYTES = 65_536
/** Largest packet less address heads, tls-crypt, four acks and the message id: room for a wrapped key and TLS bytes. */
const ROOM_BESIDE_WRAPPED_KEY_BYTES = 1250 - 48 - 49 - (1 + 4 * 4 + 8) - 4
/** With less room than this no TLS bytes go beside a wrapped key. */
const MIN_TLS_BYTES_BESIDE_WRAPPED_KEY = 16

/**
 * The client's role of the protocol, one connection long: tells its host what to send, when to wake it and what to do
 * with TLS and keys, and takes everything that happens as input. A renegotiation that fails ends the connection, as it
 * does with the clients that people have; then they connect anew. Keepalive is the engine's.
 */
export class ClientSession {
  readonly #options: ClientSessionOptions
  readonly #link: ClientLink
  readonly #ring: ClientKeyRing
  readonly #pull: ClientPull
  readonly #wrappingKey: Uint8Array
  readonly #wrappedKeyBytes: number
  #actions: ClientAction[] = []
  #nowMs: number
  #resendsWrappedKey = false
  #renegotiateAtMs: number | undefined
  #timerAtMs: number | undefined
  #closeAtMs: number | undefined
  #closed = false

  constructor(options: ClientSessionOptions, nowMs: number) {
    const { suite, wrap, behaviour, transport, credentials, optionsString } = options
    const from = { transport, timeSeconds: seconds(nowMs) }
    const { wrapping, resetOpcode, key, wrappedKey } = clientWrapping(suite, wrap, behaviour, from)
    const repeats = transport === 'udp' || behaviour.repeatsOnTcp
    const terms = repeats ? behaviour.reliable : { ...behaviour.reliable, firstTimeoutMs: Infinity }
    this.#options = options
    this.#nowMs = nowMs
    this.#wrappingKey = key
    this.#wrappedKeyBytes = wrappedKey.length
    this.#link = new ClientLink(randomSessionId(suite), wrapping, wrappedKey)
    this.#ring = new ClientKeyRing(this.#emit.bind(this), terms, nowMs)
    this.#ring.current.channel.queueReset(resetOpcode)
    this.#pull = new ClientPull(behaviour, optionsString, credentials.noteToken.bind(credentials))
  }

  get sessionId(): SessionId {
    return this.#link.localSessionId
  }

  /** `undefined` until the server has answered. */
  get serverSessionId(): SessionId | undefined {
    return this.#link.remoteSessionId
  }

  /** What the server pushed, updates included; `undefined` before. */
  get configuration(): PulledConfiguration | undefined {
    return this.#pull.configuration
  }

  /** Sends the first packet. Call it once, before everything else and at the time given to the constructor. */
  start(): ClientAction[] {
    this.#settle()
    return this.#take()
  }

  /** Takes one input and gives what to do about it, in order. After `closed` packets are dropped and nothing else counts. */
  handle(input: ClientInput, nowMs: number): ClientAction[] {
    if (this.#closed) return input.type === 'datagram' ? [{ type: 'drop', reason: 'session-closed' }] : []
    this.#nowMs = nowMs
    this.#accept(input)
    this.#settle()
    return this.#take()
  }

  get #ended(): boolean {
    return this.#closeAtMs !== undefined
  }

  #accept(input: ClientInput): void {
    if (input.type === 'datagram') this.#receive(input.bytes)
    else if (input.type === 'timer') this.#tick()
    else if (input.type === 'tls-ciphertext') this.#queueCiphertext(input.keyId, input.bytes)
    else if (this.#ended) return
    else if (input.type === 'tls-plaintext') this.#readPlaintext(input.keyId, input.bytes)
    else if (input.type === 'tls-established') this.#introduce(input.keyId, input.keyMaterial)
    else if (input.type === 'tls-failed') this.#tlsFailed(input.keyId, input.code)
    else if (input.type === 'key-used') this.#ring.noteUsed(input.keyId)
    else if (input.type === 'renegotiate') this.#renegotiate()
    else if (input.type === 'respond') this.#respond(input.response)
    else if (input.type === 'leave') this.#leave()
    else this.#end({ reason: 'peer-gone' })
  }

  #receive(bytes: Uint8Array): void {
    const packet = this.#link.open(bytes)
    if (packet.type === 'drop') {
      this.#drop(packet.reason)
      return
    }
    const { keyId, opcode, body, replayed } = packet
    if (opcode === OPCODE.softReset && !replayed) this.#acceptReset(keyId)
    const state = this.#ring.find(keyId)
    if (state === undefined) {
      this.#drop('bad-key-id')
    } else if (replayed) {
      if (body.messageId !== undefined) state.channel.receiveReplayed(body.messageId)
      this.#drop('replayed-wrap')
    } else {
      this.#deliver(state, packet)
    }
  }

  #deliver(state: ClientKeyState, { opcode, body }: PacketFromServer): void {
    const isReset = opcode === OPCODE.hardResetServerV2 || opcode === OPCODE.softReset
    const content = isReset ? { ...body, payload: new Uint8Array(0) } : body
    const { tlsBytes, drop } = state.channel.receive(content, this.#nowMs)
    if (drop !== undefined) this.#drop(drop === 'bad-ack' || drop === 'duplicate' ? drop : 'window-exceeded')
    if (this.#ended) return
    if (isReset && !state.tlsStarted) this.#startTls(state, body.payload)
    if (tlsBytes.length > 0 && state.tlsRunning) {
      this.#emit({ type: 'tls-deliver', keyId: state.keyId, bytes: tlsBytes })
    }
  }

  /** The server's reset of the first key state says whether it wants the wrapped key again; other resets are empty. */
  #startTls(state: ClientKeyState, earlyNegotiation: Uint8Array): void {
    const asked = parseResendWkc(earlyNegotiation)
    if (asked === undefined) this.#drop('bad-early-negotiation')
    this.#resendsWrappedKey = asked === true && this.#wrappedKeyBytes > 0 && this.#options.behaviour.earlyNegotiation
    state.tlsStarted = state.tlsRunning = true
    state.holdsAcks = this.#options.behaviour.thirdPacket === 'message'
    this.#emit({ type: 'tls-start', keyId: state.keyId })
  }

  #queueCiphertext(keyId: KeyId, bytes: Uint8Array): void {
    const state = this.#ring.find(keyId)
    if (state === undefined) return
    if (this.#resendsWrappedKey && keyId === 0) {
      const room = ROOM_BESIDE_WRAPPED_KEY_BYTES - this.#wrappedKeyBytes
      state.channel.queueTlsWithWrappedKey(bytes, room < MIN_TLS_BYTES_BESIDE_WRAPPED_KEY ? 0 : room)
      this.#resendsWrappedKey = false
    } else {
      state.channel.queueTls(bytes)
    }
    state.holdsAcks = false
    if (state.channel.waitingBytes > MAX_WAITING_BYTES) this.#fail('too-much-output')
  }

  #introduce(keyId: KeyId, keyMaterial: TlsKeyMaterial): void {
    const { suite, credentials, optionsString, peerInfo, behaviour } = this.#options
    const message = this.#ring.find(keyId)?.introduce(suite, keyMaterial, {
      options: optionsString,
      username: credentials.username,
      password: credentials.passwordField,
      peerInfo: peerInfo ?? behaviour.peerInfo,
    })
    if (message !== undefined) this.#emit({ type: 'tls-write', keyId, bytes: message })
  }

  #readPlaintext(keyId: KeyId, bytes: Uint8Array): void {
    const state = this.#ring.find(keyId)
    if (state === undefined) return
    const result = state.readPlaintext(bytes)
    if (result.type === 'messages') {
      this.#readMessages(state, bytes)
    } else if (result.type === 'malformed') {
      this.#fail('bad-key-method')
    } else if (result.type === 'answer') {
      if (result.rest.length > 0) this.#drop('several-messages-in-record')
      if (state === this.#ring.pending) this.#installRenewed(state)
    }
  }

  #readMessages(state: ClientKeyState, record: Uint8Array): void {
    const { behaviour } = this.#options
    if (behaviour.deafBeforeActive && !state.updateActive()) {
      this.#drop('message-before-active')
      return
    }
    const { messages, drop } = readRecord(record, behaviour)
    if (drop !== undefined) this.#drop(drop)
    for (const message of messages) if (!this.#ended) this.#obey(message)
  }

  #obey(text: string): void {
    const message = readServerMessage(text, this.#options.behaviour.readsRestartFlags)
    if (message.type === 'push-reply') this.#takePulled(this.#pull.takeReply(text))
    else if (message.type === 'push-update') this.#takePulled(this.#pull.takeUpdate(message.options))
    else if (message.type === 'pending') this.#wait(message.timeoutSeconds)
    else if (message.type === 'dialogue') {
      this.#emit({ type: 'pending', timeoutSeconds: undefined, dialogue: message.dialogue })
    } else if (message.type === 'info') this.#emit({ type: 'info', message: message.message })
    else if (message.type === 'end') this.#end(message.outcome)
    else if (message.type === 'exit' && this.#options.behaviour.obeysExit) this.#end({ reason: 'server-exit' })
    else this.#drop('unknown-message')
  }

  #takePulled(pulled: Pulled): void {
    if (pulled.type === 'configuration') this.#connect(pulled.configuration)
    else if (pulled.type === 'updated') this.#emit(pulled)
    else if (pulled.type === 'failed') this.#fail(pulled.code)
  }

  #connect(configuration: PulledConfiguration): void {
    const { current } = this.#ring
    current.deadlineMs = undefined
    const secret = current.keyMaterial?.dynamicTlsCrypt
    if (configuration.dynamicTlsCrypt && secret !== undefined) {
      const { suite, transport } = this.#options
      const keys = tlsCryptKeys(dynamicTlsCryptKey(secret, this.#wrappingKey), 'client')
      const last = { id: 0, timeSeconds: seconds(this.#nowMs) }
      this.#link.wrapRenegotiationsWith(new TlsCryptWrapping(suite, keys, last, transport))
    }
    if (this.#installKeys(current, 'primary', configuration)) this.#emit({ type: 'connected', configuration })
    else this.#fail('no-data-keys')
  }

  /** The number replaces the limit of the handshake, also downwards. */
  #wait(timeoutSeconds: number | undefined): void {
    const { current } = this.#ring
    if (timeoutSeconds !== undefined && current.deadlineMs !== undefined) {
      current.deadlineMs = this.#nowMs + timeoutSeconds * 1_000
    }
    this.#emit({ type: 'pending', timeoutSeconds, dialogue: undefined })
  }

  /** Takes a renegotiation that the server begins; its answer to this side's reset finds the key state there already. */
  #acceptReset(keyId: KeyId): void {
    if (keyId === this.#ring.nextKeyId) this.#renegotiate()
  }

  #renegotiate(): void {
    if (this.configuration === undefined || this.#ring.pending !== undefined || this.#ended) return
    this.#renegotiateAtMs = undefined
    if (this.#options.behaviour.renegotiatedWrapForAll) this.#link.wrapAllAlike()
    this.#ring.begin(this.#nowMs)
  }

  #installRenewed(state: ClientKeyState): void {
    if (this.configuration !== undefined && this.#installKeys(state, 'secondary', this.configuration)) {
      state.deadlineMs = undefined
      this.#ring.promote(this.#nowMs)
    } else {
      this.#fail('no-data-keys')
    }
  }

  #installKeys(state: ClientKeyState, slot: 'primary' | 'secondary', configuration: PulledConfiguration): boolean {
    const { suite, renegotiateAfterMs } = this.#options
    const server = this.#link.remoteSessionId
    const ids = server && { client: this.#link.localSessionId, server }
    const keys = ids && state.deriveDataKeys(suite, configuration, ids)
    state.wipe()
    if (keys === undefined) return false
    this.#emit({ type: 'install-keys', keyId: state.keyId, slot, keys, framing: configuration.framing })
    this.#renegotiateAtMs = renegotiateAfterMs === undefined ? undefined : this.#nowMs + renegotiateAfterMs
    return true
  }

  #tlsFailed(keyId: KeyId, code: string): void {
    const { current, pending } = this.#ring
    if (keyId === current.keyId || keyId === pending?.keyId) this.#end({ reason: 'tls-failed', code })
  }

  /** Nobody asks before this side was answered and knows it. */
  #respond(response: string): void {
    if (this.#ring.current.updateActive()) this.#write(this.#ring.current.keyId, `CR_RESPONSE,${base64(response)}`)
    else this.#drop('unexpected')
  }

  #leave(): void {
    const understood = this.configuration?.exitNotify === true
    if (understood) this.#write(this.#ring.current.keyId, 'EXIT')
    this.#end({ reason: 'left' }, understood ? LINGER_MS : 0)
  }

  #fail(code: ProtocolErrorCode): void {
    this.#end({ reason: 'protocol-error', code })
  }

  #end(outcome: ClientOutcome, lingerMs = 0): void {
    if (this.#ended) return
    this.#closeAtMs = this.#nowMs + lingerMs
    this.#options.credentials.noteOutcome(outcome)
    this.#emit({ type: 'ended', outcome })
  }

  #tick(): void {
    this.#timerAtMs = undefined
    if (this.#ended) return
    if (this.#isDue(this.#ring.deadlineMs)) {
      this.#end({ reason: 'handshake-timeout' })
      return
    }
    this.#ring.swapIfDue(this.#nowMs)
    if (this.#isDue(this.#renegotiateAtMs)) this.#renegotiate()
  }

  #isDue(atMs: number | undefined): boolean {
    return atMs !== undefined && atMs <= this.#nowMs
  }

  #write(keyId: KeyId, message: string): void {
    this.#emit({ type: 'tls-write', keyId, bytes: serialiseControlMessage(message) })
  }

  /** Does what follows from any input: questions, packets, the end, and the time to be woken at. */
  #settle(): void {
    if (!this.#ended && this.#ring.current.updateActive()) this.#pull.allowRequests(this.#nowMs)
    if (!this.#ended && this.#pull.requestIfDue(this.#nowMs)) this.#write(this.#ring.current.keyId, 'PUSH_REQUEST')
    for (const { channel, holdsAcks } of this.#ring.all) {
      if (holdsAcks) continue
      for (const bytes of channel.flush(this.#link.seal.bind(this.#link), this.#nowMs))
        this.#emit({ type: 'send', bytes })
    }
    if (this.#isDue(this.#closeAtMs)) this.#close()
    else this.#arm()
  }

  #close(): void {
    this.#closed = true
    this.#ring.stop()
    if (this.#timerAtMs !== undefined) this.#emit({ type: 'timer', atMs: undefined })
    this.#emit({ type: 'closed' })
  }

  /** Asks to be woken only when it must be earlier than asked before: a timer that fires too early costs less. */
  #arm(): void {
    const running = this.#ended ? [] : [this.#ring.nextDueMs, this.#pull.requestAtMs, this.#renegotiateAtMs]
    const dueMs = earliest([this.#ring.nextSendMs, this.#closeAtMs, ...running])
    if (dueMs === undefined || (this.#timerAtMs !== undefined && this.#timerAtMs <= dueMs)) return
    this.#timerAtMs = dueMs
    this.#emit({ type: 'timer', atMs: dueMs })
  }

  #drop(reason: ClientDropReason): void {
    this.#emit({ type: 'drop', reason })
  }

  #emit(action: ClientAction): void {
    this.#actions.push(action)
  }

  #take(): ClientAction[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}

function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}

function randomSessionId(suite: CryptoSuite): SessionId {
  return toSessionId(suite.randomBytes(8)) ?? randomSessionId(suite)
}
