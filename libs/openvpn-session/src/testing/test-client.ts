import { concatBytes } from '@sallyport/foundation'
import {
  type CryptoSuite,
  type KeyId,
  OPCODE,
  type Opcode,
  parsePushReply,
  serialiseControlBody,
  serialiseControlHeader,
  serialiseControlMessage,
  type SessionId,
} from '@sallyport/openvpn-wire'

import type { DataKeys, TlsKeyMaterial } from '../actions.ts'
import type { ClientAction, ClientDropReason, ClientInput } from '../client/client-actions.ts'
import type { ClientBehaviour } from '../client/client-behaviour.ts'
import { ClientCredentials } from '../client/client-credentials.ts'
import { ClientSession } from '../client/client-session.ts'
import { type ClientWrap, clientWrapping } from '../client/client-wrap.ts'
import { dynamicTlsCryptKey } from '../keys/derive.ts'
import type { RemoteAddress } from '../remote-address.ts'
import { tlsCryptKeys } from '../wrap/tls-crypt.ts'
import { TlsCryptWrapping, type Wrapping } from '../wrap/wrapping.ts'
import { DataPath, peerIdOf } from './data-path.ts'
import type { MakeTls, TlsEngine } from './fake-tls.ts'
import type { Simulation } from './simulation.ts'

/** How a test client behaves and what it says. */
export interface TestClientOptions {
  readonly behaviour: ClientBehaviour
  readonly wrap: ClientWrap
  readonly remote: RemoteAddress
  readonly peerInfo: string
  readonly username: string
  readonly password: string
  readonly options: string
  readonly renegotiateAfterMs: number | undefined
  /** A damaged packet is no fault of the server. */
  readonly expectsDamage: boolean
  readonly makeTls: MakeTls
}

/** Ordinary on any network. */
const HARMLESS: readonly ClientDropReason[] = [
  'duplicate',
  'replayed-wrap',
  'window-exceeded',
  'bad-session-id',
  'session-closed',
]
const DAMAGE: readonly ClientDropReason[] = ['too-short', 'bad-opcode', 'bad-wrap']
/** Largest packet without the heads of IPv6 and UDP. */
const MAX_PACKET_BYTES = 1250 - 48
/** Forged packets count from here, so that no packet of the client itself has the number. */
const FIRST_FORGED_REPLAY_ID = 0x0fff0000

/** The host of a client session, for tests only: a TLS that is none, simulated time, and a memory of all that happened. */
export class TestClient {
  /** Control messages received, in order. */
  readonly messages: string[] = []
  /** What a strict client would have stumbled over. */
  readonly violations: string[] = []
  /** Everything the session asked for, in order. */
  readonly actions: ClientAction[] = []
  /** Data packets that were authentic. */
  dataReceived = 0
  username: string
  password: string
  remote: RemoteAddress
  readonly session: ClientSession
  readonly credentials: ClientCredentials
  readonly #suite: CryptoSuite
  readonly #simulation: Simulation
  readonly #options: TestClientOptions
  readonly #transmit: (bytes: Uint8Array) => void
  readonly #engines = new Map<KeyId, TlsEngine>()
  readonly #introduced = new Set<TlsEngine>()
  readonly #inputs: ClientInput[] = []
  readonly #data: DataPath
  #newestEngine: TlsEngine | undefined
  #firstKeyMaterial: TlsKeyMaterial | undefined
  #forged = FIRST_FORGED_REPLAY_ID
  #busy = false
  #silent = false
  #cancelTimer: () => void = () => undefined

  constructor(
    suite: CryptoSuite,
    simulation: Simulation,
    options: TestClientOptions,
    transmit: (bytes: Uint8Array) => void,
    credentials?: ClientCredentials,
  ) {
    const { behaviour, wrap, remote, peerInfo, username, password, options: optionsString } = options
    this.#suite = suite
    this.#simulation = simulation
    this.#options = options
    this.#transmit = transmit
    this.username = username
    this.password = password
    this.remote = remote
    this.credentials = credentials ?? new ClientCredentials({ username, password }, behaviour)
    this.#data = new DataPath(suite, 1, (keyId) => {
      this.input({ type: 'key-used', keyId })
    })
    const { renegotiateAfterMs } = options
    this.session = new ClientSession(
      {
        suite,
        transport: remote.transport,
        wrap,
        behaviour,
        credentials: this.#changeableCredentials(),
        optionsString,
        peerInfo,
        ...(renegotiateAfterMs === undefined ? {} : { renegotiateAfterMs }),
      },
      simulation.nowMs,
    )
  }

  get sessionId(): SessionId {
    return this.session.sessionId
  }

  get serverSessionId(): SessionId | undefined {
    return this.session.serverSessionId
  }

  /** Options of the push reply, the token included; `undefined` before. */
  get pushed(): readonly string[] | undefined {
    const replies = this.messages.filter((message) => message.startsWith('PUSH_REPLY,'))
    return replies.map((_, index) => parsePushReply(replies.slice(0, index + 1))).find((pushed) => pushed !== undefined)
  }

  /** The key that this client's data is sealed with. */
  get sealingKeyId(): KeyId | undefined {
    return this.#data.sealingKeyId
  }

  /** Actions of one type. */
  of<Type extends ClientAction['type']>(type: Type): Extract<ClientAction, { type: Type }>[] {
    return this.actions.filter((action): action is Extract<ClientAction, { type: Type }> => action.type === type)
  }

  /** True once this client has read the server's key method 2 for this key state. */
  wasAnswered(keyId: KeyId): boolean {
    const engine = this.#engines.get(keyId)
    return engine !== undefined && this.#introduced.has(engine)
  }

  /** The data keys of a key state as the server must have them: this client's with the directions exchanged. */
  serverView(keyId: KeyId): DataKeys | undefined {
    const keys = this.of('install-keys').findLast((action) => action.keyId === keyId)?.keys
    if (keys === undefined) return undefined
    const turned = { ...keys, sealKey: keys.openKey, openKey: keys.sealKey }
    return turned.format === 'classic' ? { ...turned, sealIv: turned.openIv, openIv: turned.sealIv } : turned
  }

  connect(): void {
    this.#run(this.session.start())
  }

  /** Starts a renegotiation; with a key id of the test's choice, by a forged reset that the session knows nothing of. */
  renegotiate(keyId?: KeyId): void {
    if (keyId === undefined) this.input({ type: 'renegotiate' })
    else this.#transmit(this.forge(OPCODE.softReset, keyId, { messageId: 0 }))
  }

  /** Sends a control message as a record of its own on the newest key state. */
  say(message: string): void {
    this.sayBytes(serialiseControlMessage(message))
  }

  /** Sends one record of any plaintext on the newest key state. */
  sayBytes(bytes: Uint8Array): void {
    this.#newestEngine?.write(bytes)
  }

  /** From here on the client neither hears nor speaks. */
  vanish(): void {
    this.#silent = true
    this.#cancelTimer()
  }

  /** Sends a data packet; false before there are keys. */
  sendData(): boolean {
    const packet = this.#data.seal()
    if (packet !== undefined && !this.#silent) this.#transmit(packet)
    return packet !== undefined
  }

  /** Takes a packet from the server. */
  receive(bytes: Uint8Array): void {
    if (this.#silent) return
    if (peerIdOf(bytes) === undefined) this.input({ type: 'datagram', bytes })
    else if (this.#data.open(bytes)) this.dataReceived += 1
  }

  /** Tells the session something. */
  input(input: ClientInput): void {
    this.#inputs.push(input)
    if (!this.#busy) this.#run([])
  }

  /** Makes a packet that the server takes for one of this client, with anything in it. */
  forge(
    opcode: Opcode,
    keyId: KeyId,
    content: { readonly acks?: readonly number[]; readonly messageId?: number; readonly payload?: Uint8Array },
  ): Uint8Array {
    const { acks = [], messageId, payload = new Uint8Array(0) } = content
    const header = serialiseControlHeader({ opcode, keyId, sessionId: this.sessionId })
    const body = serialiseControlBody({ acks, messageId, payload, remoteSessionId: this.serverSessionId })
    return this.#forgingWrapping(keyId).seal(header, body)
  }

  #forgingWrapping(keyId: KeyId): Wrapping {
    const timeSeconds = Math.floor(this.#simulation.nowMs / 1000)
    const last = { id: this.#forged++, timeSeconds }
    const { wrap, behaviour, remote } = this.#options
    const { key } = clientWrapping(this.#suite, wrap, behaviour, { transport: remote.transport, timeSeconds })
    const isDynamic = keyId !== 0 && this.session.configuration?.dynamicTlsCrypt === true
    const exported = isDynamic ? this.#firstKeyMaterial?.dynamicTlsCrypt : undefined
    const wrappingKey = exported === undefined ? key : dynamicTlsCryptKey(exported, key)
    return new TlsCryptWrapping(this.#suite, tlsCryptKeys(wrappingKey, 'client'), last)
  }

  #run(first: readonly ClientAction[]): void {
    this.#busy = true
    for (const action of first) this.#perform(action)
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      for (const action of this.session.handle(input, this.#simulation.nowMs)) this.#perform(action)
    }
    this.#busy = false
  }

  #perform(action: ClientAction): void {
    this.actions.push(action)
    if (action.type === 'send') this.#send(action.bytes)
    else if (action.type === 'tls-start') this.#startTls(action.keyId)
    else if (action.type === 'tls-deliver') this.#engines.get(action.keyId)?.deliver(action.bytes)
    else if (action.type === 'tls-write') this.#engines.get(action.keyId)?.write(action.bytes)
    else if (action.type === 'timer') this.#setTimer(action.atMs)
    else if (action.type === 'install-keys' || action.type === 'swap-keys') this.#data.perform(action)
    else if (action.type === 'drop') this.#judgeDrop(action.reason)
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length > MAX_PACKET_BYTES) this.violations.push(`sent a packet of ${String(bytes.length)} bytes`)
    if (!this.#silent) this.#transmit(bytes)
  }

  #judgeDrop(reason: ClientDropReason): void {
    if (HARMLESS.includes(reason) || (this.#options.expectsDamage && DAMAGE.includes(reason))) return
    this.violations.push(reason)
  }

  #startTls(keyId: KeyId): void {
    const engine = this.#options.makeTls('client', {
      ciphertext: (bytes) => {
        this.input({ type: 'tls-ciphertext', keyId, bytes })
      },
      established: ({ dataKeys, dynamicTlsCrypt }) => {
        this.#firstKeyMaterial ??= {
          dataKeys: concatBytes([dataKeys]),
          dynamicTlsCrypt: concatBytes([dynamicTlsCrypt]),
        }
        this.input({ type: 'tls-established', keyId, keyMaterial: { dataKeys, dynamicTlsCrypt } })
      },
      plaintext: (bytes) => {
        this.#noteRecord(engine, bytes)
        this.input({ type: 'tls-plaintext', keyId, bytes: Uint8Array.from(bytes) })
      },
    })
    this.#engines.set(keyId, engine)
    this.#newestEngine = engine
  }

  #noteRecord(engine: TlsEngine, bytes: Uint8Array): void {
    if (!this.#introduced.has(engine)) {
      this.#introduced.add(engine)
      return
    }
    const text = new TextDecoder().decode(bytes)
    if (!text.endsWith('\0') || text.slice(0, -1).includes('\0')) this.violations.push('not one message in a record')
    this.messages.push(text.slice(0, -1))
  }

  #setTimer(atMs: number | undefined): void {
    this.#cancelTimer()
    if (atMs === undefined || this.#silent) return
    this.#cancelTimer = this.#simulation.schedule(atMs, () => {
      this.input({ type: 'timer' })
    })
  }

  /** Credentials that a test may change while the session lives. */
  #changeableCredentials(): Pick<ClientCredentials, 'username' | 'passwordField' | 'noteToken' | 'noteOutcome'> {
    const { credentials } = this
    const said = { username: this.username, password: this.password }
    const current = (): { username: string; password: string } => ({ username: this.username, password: this.password })
    return {
      get username() {
        return current().username === said.username ? credentials.username : current().username
      },
      get passwordField() {
        return current().password === said.password ? credentials.passwordField : current().password
      },
      noteToken: credentials.noteToken.bind(credentials),
      noteOutcome: credentials.noteOutcome.bind(credentials),
    }
  }
}
