import type { KeyId } from '@sallyport/openvpn-wire'

import type { AuthenticationRequest, Refusal, SessionAction, SessionGrant, SessionInput, TlsPeer } from '../actions.ts'
import { answerInitialPacket, type ServerContext } from '../handshake/initial-packet.ts'
import type { RemoteAddress } from '../handshake/psid-cookie.ts'
import type { Session } from '../session.ts'
import { FakeTls } from './fake-tls.ts'
import type { Simulation } from './simulation.ts'

/** Decides on a client; `undefined` leaves it waiting. */
export type Decide = (request: AuthenticationRequest) => Decision | undefined
type Decision =
  { readonly type: 'allowed'; readonly grant: SessionGrant } | { readonly type: 'refused'; readonly refusal: Refusal }

/** A certificate that passed. */
export const GOOD_PEER: TlsPeer = {
  verifyError: undefined,
  certificateSha256: 'ab'.repeat(32),
  certificateSerial: '1f',
  commonName: 'device',
}

/** The host's role, for tests only: one client address, one session, a TLS that is none. */
export class TestServer {
  /** Everything the session asked for, in order. */
  readonly actions: SessionAction[] = []
  /** Results of packets that no session took. */
  readonly stateless: string[] = []
  session: Session | undefined
  peer: TlsPeer = GOOD_PEER
  decide: Decide
  readonly #context: ServerContext
  readonly #remote: RemoteAddress
  readonly #simulation: Simulation
  readonly #transmit: (bytes: Uint8Array) => void
  readonly #engines = new Map<KeyId, FakeTls>()
  readonly #inputs: SessionInput[] = []
  #busy = false
  #cancelTimer: () => void = () => undefined

  constructor(
    context: ServerContext,
    remote: RemoteAddress,
    simulation: Simulation,
    decide: Decide,
    transmit: (bytes: Uint8Array) => void,
  ) {
    this.#context = context
    this.#remote = remote
    this.#simulation = simulation
    this.decide = decide
    this.#transmit = transmit
  }

  /** Actions of one type. */
  of<Type extends SessionAction['type']>(type: Type): Extract<SessionAction, { type: Type }>[] {
    return this.actions.filter((action): action is Extract<SessionAction, { type: Type }> => action.type === type)
  }

  /** Takes a packet from the client's address. */
  receive(bytes: Uint8Array): void {
    if (this.session?.owns(bytes) === true) {
      this.input({ type: 'datagram', bytes })
      return
    }
    const result = answerInitialPacket(this.#context, this.#remote, bytes, this.#simulation.nowMs)
    this.stateless.push(result.type === 'drop' ? result.reason : result.type)
    if (result.type === 'answer') this.#transmit(result.bytes)
    if (result.type !== 'create') return
    this.session = result.session
    this.#engines.clear()
    this.#run(result.actions)
  }

  /** Tells the session something. */
  input(input: SessionInput): void {
    this.#inputs.push(input)
    if (!this.#busy) this.#run([])
  }

  #run(first: readonly SessionAction[]): void {
    this.#busy = true
    for (const action of first) this.#perform(action)
    for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
      for (const action of this.session?.handle(input, this.#simulation.nowMs) ?? []) this.#perform(action)
    }
    this.#busy = false
  }

  #perform(action: SessionAction): void {
    this.actions.push(action)
    if (action.type === 'send') this.#transmit(action.bytes)
    else if (action.type === 'tls-start') this.#engines.set(action.keyId, this.#startTls(action.keyId))
    else if (action.type === 'tls-deliver') this.#engines.get(action.keyId)?.deliver(action.bytes)
    else if (action.type === 'tls-write') this.#engines.get(action.keyId)?.write(action.bytes)
    else if (action.type === 'tls-stop') this.#engines.delete(action.keyId)
    else if (action.type === 'timer') this.#setTimer(action.atMs)
    else if (action.type === 'authenticate') this.#decide(action.keyId, action.request)
  }

  #decide(keyId: KeyId, request: AuthenticationRequest): void {
    const decision = this.decide(request)
    if (decision !== undefined) this.input({ ...decision, keyId })
  }

  #startTls(keyId: KeyId): FakeTls {
    return new FakeTls(this.#context.suite, 'server', {
      ciphertext: (bytes) => {
        this.input({ type: 'tls-ciphertext', keyId, bytes })
      },
      established: (keyMaterial) => {
        this.input({ type: 'tls-established', keyId, peer: this.peer, keyMaterial })
      },
      plaintext: (bytes) => {
        this.input({ type: 'tls-plaintext', keyId, bytes })
      },
    })
  }

  #setTimer(atMs: number | undefined): void {
    this.#cancelTimer()
    if (atMs === undefined) return
    this.#cancelTimer = this.#simulation.schedule(atMs, () => {
      this.input({ type: 'timer' })
    })
  }
}
