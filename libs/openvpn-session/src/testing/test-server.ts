import type { KeyId } from '@sallyport/openvpn-wire'

import type { AuthenticationRequest, SessionAction, SessionInput, TlsPeer } from '../actions.ts'
import { answerInitialPacket } from '../handshake/initial-packet.ts'
import type { ServerContext } from '../handshake/server-context.ts'
import type { RemoteAddress } from '../remote-address.ts'
import type { Session } from '../session.ts'
import { DataPath, peerIdOf } from './data-path.ts'
import type { MakeTls, TlsEngine } from './fake-tls.ts'
import type { Simulation } from './simulation.ts'

/** Decides on a client; `undefined` leaves it waiting. */
export type Decide = (request: AuthenticationRequest) => Decision | undefined
type Decision = Omit<Extract<SessionInput, { type: 'allowed' }>, 'keyId'> | Undecided
type Undecided = Omit<Extract<SessionInput, { type: 'refused' }>, 'keyId'> | Omit<Pending, 'keyId'>
type Pending = Extract<SessionInput, { type: 'pending' }>

/** A certificate that passed. */
export const GOOD_PEER: TlsPeer = {
  verifyError: undefined,
  certificateSha256: 'ab'.repeat(32),
  certificateSerial: '1f',
  commonName: 'device',
}

/** Sees every step of every session: what it was told, nothing for its first packet, and what it asked for. */
export type Observe = (
  session: Session,
  input: SessionInput | undefined,
  actions: readonly SessionAction[],
  nowMs: number,
) => void

/** One session of the server with its TLS engines and its data path. */
interface Hosted {
  readonly session: Session
  readonly engines: Map<KeyId, TlsEngine>
  readonly inputs: SessionInput[]
  remote: RemoteAddress
  data: DataPath | undefined
  busy: boolean
  cancelTimer: () => void
}

/** The host's role, for tests only: sessions by address, at most two for each, and a TLS that is none. */
export class TestServer {
  /** Everything the sessions asked for, in order. */
  readonly actions: SessionAction[] = []
  /** Results of packets that no session took. */
  readonly stateless: string[] = []
  peer: TlsPeer = GOOD_PEER
  decide: Decide
  /** Data packets that were authentic. */
  dataReceived = 0
  observe: Observe = () => undefined
  readonly #context: ServerContext
  readonly #simulation: Simulation
  readonly #makeTls: MakeTls
  readonly #transmit: (bytes: Uint8Array, remote: RemoteAddress) => void
  /** Oldest first. */
  #hosted: Hosted[] = []

  constructor(
    context: ServerContext,
    simulation: Simulation,
    decide: Decide,
    makeTls: MakeTls,
    transmit: (bytes: Uint8Array, remote: RemoteAddress) => void,
  ) {
    this.#context = context
    this.#simulation = simulation
    this.decide = decide
    this.#makeTls = makeTls
    this.#transmit = transmit
  }

  /** The session that was made last. */
  get session(): Session | undefined {
    return this.#hosted.at(-1)?.session
  }

  /** How many sessions there are. */
  get sessionCount(): number {
    return this.#hosted.length
  }

  /** Where the newest session sends to. */
  get remote(): RemoteAddress | undefined {
    return this.#hosted.at(-1)?.remote
  }

  /** The key that the newest session's data is sealed with. */
  get sealingKeyId(): KeyId | undefined {
    return this.#hosted.at(-1)?.data?.sealingKeyId
  }

  /** Actions of one type. */
  of<Type extends SessionAction['type']>(type: Type): Extract<SessionAction, { type: Type }>[] {
    return this.actions.filter((action): action is Extract<SessionAction, { type: Type }> => action.type === type)
  }

  /** Takes a packet from an address. */
  receive(bytes: Uint8Array, remote: RemoteAddress): void {
    if (peerIdOf(bytes) !== undefined) {
      this.#receiveData(bytes, remote)
      return
    }
    const owner = this.#at(remote).findLast(({ session }) => session.owns(bytes))
    if (owner !== undefined) {
      this.#tell(owner, { type: 'datagram', bytes })
      return
    }
    const result = answerInitialPacket(this.#context, remote, bytes, this.#simulation.nowMs)
    this.stateless.push(result.type === 'drop' ? result.reason : result.type)
    if (result.type === 'answer') for (const bytes of [result.bytes, ...result.again]) this.#transmit(bytes, remote)
    if (result.type !== 'create') return
    // A newcomer takes the place of the newcomer before it; a session that is authenticated stays until it is, too.
    const [, ...newcomers] = this.#at(remote)
    this.#forget(newcomers)
    const { session } = result
    const hosted = newHosted(session, remote)
    this.#hosted.push(hosted)
    this.#run(hosted, result.actions)
  }

  /** Tells the newest session something. */
  input(input: SessionInput): void {
    const newest = this.#hosted.at(-1)
    if (newest !== undefined) this.#tell(newest, input)
  }

  /** Sends a data packet of the newest session; false before it has keys. */
  sendData(): boolean {
    const newest = this.#hosted.at(-1)
    const packet = newest?.data?.seal()
    if (newest === undefined || packet === undefined) return false
    this.#transmit(packet, newest.remote)
    return true
  }

  #receiveData(bytes: Uint8Array, remote: RemoteAddress): void {
    const owner = this.#hosted.find(({ data }) => data?.open(bytes) === true)
    if (owner === undefined) return
    owner.remote = remote
    this.dataReceived += 1
  }

  #at(remote: RemoteAddress): readonly Hosted[] {
    return this.#hosted.filter(
      (hosted) => hosted.remote.address === remote.address && hosted.remote.port === remote.port,
    )
  }

  #forget(hosted: readonly Hosted[]): void {
    for (const one of hosted) one.cancelTimer()
    this.#hosted = this.#hosted.filter((one) => !hosted.includes(one))
  }

  #tell(hosted: Hosted, input: SessionInput): void {
    hosted.inputs.push(input)
    if (!hosted.busy) this.#run(hosted, [])
  }

  #run(hosted: Hosted, first: readonly SessionAction[]): void {
    hosted.busy = true
    const { nowMs } = this.#simulation
    if (first.length > 0) this.observe(hosted.session, undefined, first, nowMs)
    for (const action of first) this.#perform(hosted, action)
    do {
      for (let input = hosted.inputs.shift(); input !== undefined; input = hosted.inputs.shift()) {
        const actions = hosted.session.handle(input, nowMs)
        this.observe(hosted.session, input, actions, nowMs)
        for (const action of actions) this.#perform(hosted, action)
      }
      const actions = hosted.session.settle()
      if (actions.length > 0) this.observe(hosted.session, undefined, actions, nowMs)
      for (const action of actions) this.#perform(hosted, action)
    } while (hosted.inputs.length > 0)
    hosted.busy = false
  }

  #perform(hosted: Hosted, action: SessionAction): void {
    this.actions.push(action)
    const { engines } = hosted
    if (action.type === 'send') this.#transmit(action.bytes, hosted.remote)
    else if (action.type === 'tls-start') engines.set(action.keyId, this.#startTls(hosted, action.keyId))
    else if (action.type === 'tls-deliver') engines.get(action.keyId)?.deliver(action.bytes)
    else if (action.type === 'tls-write') engines.get(action.keyId)?.write(action.bytes)
    else if (action.type === 'tls-stop') engines.delete(action.keyId)
    else if (action.type === 'timer') this.#setTimer(hosted, action.atMs)
    else if (action.type === 'authenticate') this.#decide(hosted, action.keyId, action.request)
    else if (action.type === 'install-keys' || action.type === 'swap-keys') this.#dataOf(hosted).perform(action)
  }

  #decide(hosted: Hosted, keyId: KeyId, request: AuthenticationRequest): void {
    this.#forget(this.#at(hosted.remote).filter((other) => other !== hosted))
    const decision = this.decide(request)
    if (decision !== undefined) this.#tell(hosted, { ...decision, keyId })
  }

  #dataOf(hosted: Hosted): DataPath {
    hosted.data ??= new DataPath(this.#context.suite, 1, (keyId) => {
      this.#tell(hosted, { type: 'key-used', keyId })
    })
    return hosted.data
  }

  #startTls(hosted: Hosted, keyId: KeyId): TlsEngine {
    return this.#makeTls('server', {
      ciphertext: (bytes) => {
        this.#tell(hosted, { type: 'tls-ciphertext', keyId, bytes })
      },
      established: (keyMaterial) => {
        this.#tell(hosted, { type: 'tls-established', keyId, peer: this.peer, keyMaterial })
      },
      plaintext: (bytes) => {
        this.#tell(hosted, { type: 'tls-plaintext', keyId, bytes })
      },
    })
  }

  #setTimer(hosted: Hosted, atMs: number | undefined): void {
    hosted.cancelTimer()
    if (atMs === undefined) return
    hosted.cancelTimer = this.#simulation.schedule(atMs, () => {
      this.#tell(hosted, { type: 'timer' })
    })
  }
}

function newHosted(session: Session, remote: RemoteAddress): Hosted {
  return {
    session,
    remote,
    engines: new Map(),
    inputs: [],
    data: undefined,
    busy: false,
    cancelTimer: () => undefined,
  }
}
