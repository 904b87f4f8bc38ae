import { concatBytes, equalBytes } from '@sallyport/foundation'
import {
  type ControlBody,
  type CryptoSuite,
  type KeyId,
  nextKeyId,
  OPCODE,
  type Opcode,
  parseControlBody,
  parseControlHeader,
  parsePushReply,
  parseResendWkc,
  parseServerKeyMethod2,
  serialiseClientKeyMethod2,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseControlMessage,
  type SessionId,
  type TlsCryptV2ClientKey,
  toSessionId,
} from '@sallyport/openvpn-wire'

import type { TlsKeyMaterial } from '../actions.ts'
import { dynamicTlsCryptKey, prfKeyBlock } from '../keys/derive.ts'
import { AckList } from '../reliable/ack.ts'
import { ReliableReceive } from '../reliable/receive.ts'
import { ReliableSend } from '../reliable/send.ts'
import { tlsCryptKeys } from '../wrap/tls-crypt.ts'
import { TlsCryptWrapping } from '../wrap/wrapping.ts'
import { FakeTls } from './fake-tls.ts'
import type { Simulation } from './simulation.ts'

/** How a test client behaves. */
export interface TestClientOptions {
  readonly peerInfo: string
  readonly username: string
  readonly password: string
  readonly options: string
  /** First number of the wrap's counter less one; clients that can send their wrapped key again begin at 0x0f000000. */
  readonly lastReplayId: number
}

interface ClientKeyState {
  readonly keyId: KeyId
  readonly send: ReliableSend
  readonly receive: ReliableReceive
  readonly acks: AckList
  readonly secrets: { readonly preMaster: Uint8Array; readonly random1: Uint8Array; readonly random2: Uint8Array }
  tls: FakeTls | undefined
  keyMaterial: TlsKeyMaterial | undefined
  keyBlock: Uint8Array | undefined
  answered: boolean
}

const MAX_PAYLOAD_BYTES = 700

/** The client's role, for tests only: tls-crypt-v2, reliability, a TLS that is none, key method 2, renegotiation. */
export class TestClient {
  /** Control messages received, in order. */
  readonly messages: string[] = []
  /** What a strict client would have stumbled over. */
  readonly violations: string[] = []
  readonly sessionId: SessionId
  username: string
  password: string
  readonly #suite: CryptoSuite
  readonly #simulation: Simulation
  readonly #key: TlsCryptV2ClientKey
  readonly #options: TestClientOptions
  readonly #transmit: (bytes: Uint8Array) => void
  readonly #wrapping: TlsCryptWrapping
  #dynamic: TlsCryptWrapping | undefined
  #serverSessionId: SessionId | undefined
  #states: ClientKeyState[] = []
  #pushed: readonly string[] | undefined
  #silent = false

  constructor(
    suite: CryptoSuite,
    simulation: Simulation,
    key: TlsCryptV2ClientKey,
    options: TestClientOptions,
    transmit: (bytes: Uint8Array) => void,
  ) {
    this.#suite = suite
    this.#simulation = simulation
    this.#key = key
    this.#options = options
    this.#transmit = transmit
    this.username = options.username
    this.password = options.password
    this.sessionId = randomSessionId(suite)
    const timeSeconds = Math.floor(simulation.nowMs / 1000)
    const last = { id: options.lastReplayId, timeSeconds }
    this.#wrapping = new TlsCryptWrapping(suite, tlsCryptKeys(key.key, 'client'), last)
  }

  /** Options of the push reply; `undefined` before. */
  get pushed(): readonly string[] | undefined {
    return this.#pushed
  }

  get serverSessionId(): SessionId | undefined {
    return this.#serverSessionId
  }

  /** The key block of a key state, as this side derived it. */
  keyBlock(keyId: KeyId): Uint8Array | undefined {
    return this.#states.findLast((state) => state.keyId === keyId)?.keyBlock
  }

  connect(): void {
    this.#begin(0).send.push(OPCODE.hardResetClientV3, new Uint8Array(0))
    this.#tick()
  }

  /** Starts a renegotiation, or one with a key id of the test's choice. */
  renegotiate(keyId: KeyId = nextKeyId(this.#newest.keyId)): void {
    this.#begin(keyId).send.push(OPCODE.softReset, new Uint8Array(0))
    this.#flush()
  }

  /** Sends a control message as a record of its own on the newest key state. */
  say(message: string): void {
    this.sayBytes(serialiseControlMessage(message))
  }

  /** Sends one record of any plaintext on the newest key state. */
  sayBytes(bytes: Uint8Array): void {
    this.#newest.tls?.write(bytes)
    this.#flush()
  }

  /** From here on the client neither hears nor speaks. */
  vanish(): void {
    this.#silent = true
  }

  /** Takes a packet from the server. */
  receive(bytes: Uint8Array): void {
    const header = parseControlHeader(bytes)
    if (this.#silent || header === undefined) return
    const wrapping = header.keyId === 0 ? this.#wrapping : (this.#dynamic ?? this.#wrapping)
    const opened = wrapping.open(bytes)
    const body = opened && parseControlBody(header.opcode, opened.body)
    if (opened === undefined || body === undefined) {
      this.violations.push('a packet is not authentic or malformed')
      return
    }
    if (opened.replayed || (body.remoteSessionId && !equalBytes(body.remoteSessionId, this.sessionId))) return
    this.#serverSessionId ??= header.sessionId
    if (!equalBytes(this.#serverSessionId, header.sessionId)) return
    this.#take(header.opcode, header.keyId, body)
    this.#flush()
  }

  #take(opcode: Opcode, keyId: KeyId, body: ControlBody): void {
    if (opcode === OPCODE.softReset && keyId === nextKeyId(this.#newest.keyId)) {
      this.#begin(keyId).send.push(OPCODE.softReset, new Uint8Array(0))
    }
    const state = this.#states.findLast((candidate) => candidate.keyId === keyId)
    if (state === undefined) return
    if (opcode === OPCODE.hardResetServerV2 && parseResendWkc(body.payload) !== true) {
      this.violations.push('the server does not ask for the wrapped key again')
    }
    if (body.acks.length > 4 && body.messageId !== undefined) this.violations.push('too many acks beside a message')
    state.send.acknowledge(body.acks, this.#simulation.nowMs)
    if (body.messageId === undefined) return
    const isReset = opcode !== OPCODE.control
    if (state.receive.accept(body.messageId, isReset ? new Uint8Array(0) : body.payload) === 'window-exceeded') return
    state.acks.add(body.messageId)
    const tlsBytes = concatBytes([...state.receive.take()])
    state.tls ??= this.#startTls(state)
    state.tls.deliver(tlsBytes)
  }

  get #newest(): ClientKeyState {
    const newest = this.#states.at(-1)
    if (newest === undefined) throw new RangeError('connect first')
    return newest
  }

  #begin(keyId: KeyId): ClientKeyState {
    const random = (length: number): Uint8Array => this.#suite.randomBytes(length)
    const state: ClientKeyState = {
      keyId,
      send: new ReliableSend(0),
      receive: new ReliableReceive(0),
      acks: new AckList(),
      secrets: { preMaster: random(48), random1: random(32), random2: random(32) },
      tls: undefined,
      keyMaterial: undefined,
      keyBlock: undefined,
      answered: false,
    }
    this.#states = [...this.#states.slice(-2), state]
    return state
  }

  #startTls(state: ClientKeyState): FakeTls {
    let isFirst = true
    const tls = new FakeTls(this.#suite, 'client', {
      ciphertext: (bytes) => {
        for (let offset = 0; offset < bytes.length; offset += MAX_PAYLOAD_BYTES) {
          const opcode = isFirst && state.keyId === 0 ? OPCODE.controlWkc : OPCODE.control
          state.send.push(opcode, bytes.slice(offset, offset + MAX_PAYLOAD_BYTES))
          isFirst = false
        }
      },
      established: (keyMaterial) => {
        state.keyMaterial = keyMaterial
        const { options, peerInfo } = this.#options
        const { username, password } = this
        const message = { ...state.secrets, options, username, password, peerInfo }
        state.tls?.write(serialiseClientKeyMethod2(message))
      },
      plaintext: (bytes) => {
        this.#readPlaintext(state, bytes)
      },
    })
    return tls
  }

  #readPlaintext(state: ClientKeyState, bytes: Uint8Array): void {
    if (!state.answered) {
      this.#readAnswer(state, bytes)
      return
    }
    const text = new TextDecoder().decode(bytes)
    if (!text.endsWith('\0') || text.slice(0, -1).includes('\0')) this.violations.push('not one message in a record')
    this.messages.push(text.slice(0, -1))
    if (text.startsWith('PUSH_REPLY,') && this.#pushed === undefined) this.#readPush(state)
  }

  #readAnswer(state: ClientKeyState, bytes: Uint8Array): void {
    const result = parseServerKeyMethod2(bytes)
    if (result.type !== 'message') {
      this.violations.push('no key method 2')
      return
    }
    if (bytes.length !== result.length + 6) this.violations.push('something follows key method 2 in its record')
    state.answered = true
    if (this.#serverSessionId === undefined) return
    const ids = { client: this.sessionId, server: this.#serverSessionId }
    state.keyBlock = this.#usesExporter
      ? state.keyMaterial?.dataKeys
      : prfKeyBlock(this.#suite, state.secrets, result.message, ids)
  }

  #readPush(state: ClientKeyState): void {
    this.#pushed = parsePushReply(this.messages)
    const flags = this.#pushed?.find((option) => option.startsWith('protocol-flags '))?.split(' ') ?? []
    if (!flags.includes('dyn-tls-crypt') || state.keyMaterial === undefined) return
    const key = dynamicTlsCryptKey(state.keyMaterial.dynamicTlsCrypt, this.#key.key)
    const last = { id: 0, timeSeconds: Math.floor(this.#simulation.nowMs / 1000) }
    this.#dynamic = new TlsCryptWrapping(this.#suite, tlsCryptKeys(key, 'client'), last)
  }

  get #usesExporter(): boolean {
    const bits = Number(/^IV_PROTO=(\d+)$/m.exec(this.#options.peerInfo)?.[1] ?? 0)
    return (bits & 8) !== 0
  }

  #tick(): void {
    if (this.#silent) return
    this.#flush()
    this.#simulation.schedule(this.#simulation.nowMs + 250, () => {
      this.#tick()
    })
  }

  #flush(): void {
    if (this.#silent) return
    for (const state of this.#states) {
      for (const { opcode, messageId, payload } of state.send.takeDue(this.#simulation.nowMs)) {
        this.#sendPacket(state, opcode, { acks: state.acks.take(4), messageId, payload })
      }
      while (state.acks.owed) {
        const body = { acks: state.acks.take(8), messageId: undefined, payload: new Uint8Array(0) }
        this.#sendPacket(state, OPCODE.ack, body)
      }
    }
  }

  #sendPacket(state: ClientKeyState, opcode: Opcode, body: Omit<ControlBody, 'remoteSessionId'>): void {
    const wrapping = state.keyId === 0 ? this.#wrapping : (this.#dynamic ?? this.#wrapping)
    const header = serialiseControlHeader({ opcode, keyId: state.keyId, sessionId: this.sessionId })
    const packet = wrapping.seal(header, serialiseControlBody({ ...body, remoteSessionId: this.#serverSessionId }))
    const withKey = opcode === OPCODE.hardResetClientV3 || opcode === OPCODE.controlWkc
    this.#transmit(withKey ? concatBytes([packet, this.#key.wrappedKey]) : packet)
  }
}

function randomSessionId(suite: CryptoSuite): SessionId {
  return toSessionId(suite.randomBytes(8)) ?? randomSessionId(suite)
}
