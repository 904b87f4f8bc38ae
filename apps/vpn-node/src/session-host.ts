import type { ConnectionGrant, NodeNetwork } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type {
  ClientIdentity,
  InitialLimits,
  PushConfiguration,
  Refusal,
  Session,
  SessionAction,
  SessionInput,
} from '@sallyport/openvpn-session'
import type { PacketEngine, Path } from '@sallyport/packet-engine'

import { Admittance, type AdmittanceServices } from './admittance.ts'
import { remoteAddressOf } from './client-path.ts'
import type { Connection } from './connection.ts'
import type { KeyStateTls, KeyStateTlsEvents } from './key-state-tls.ts'
import type { EndReason, NodeMetrics } from './node-metrics.ts'
import type { Concerned } from './recent-revocations.ts'
import { refusalCounter } from './refusals.ts'

/** The protocol's side of a session. */
export type HostedSession = Pick<Session, 'identity' | 'owns' | 'handle' | 'settle' | 'discard'>

/** The TLS engines of a session. */
type SessionTls = Pick<KeyStateTls, 'perform' | 'stopAll'>

/** What every session of a node shares. */
export interface HostServices extends AdmittanceServices {
  readonly engine: AdmittanceServices['engine'] & Pick<PacketEngine, 'sendControl' | 'closeStream'>
  /** Makes the TLS engines of one session. */
  readonly tlsFor: (tenantId: string, events: KeyStateTlsEvents) => SessionTls
  readonly limits: Pick<InitialLimits, 'completed'>
  readonly metrics: NodeMetrics
}

/** What the table of sessions wants to hear of one. */
export interface HostObserver<Host> {
  /** Only the certificate told whose device it is. */
  identified(host: Host): void
  /** TLS is up with a good certificate and the client has spoken. */
  spoke(host: Host): void
  /** The client has a grant: others at its path and other connections of its device are over. */
  admitted(host: Host): void
  connected(host: Host): void
  moved(host: Host, from: Path): void
  closed(host: Host): void
}

/** Runs one protocol session: feeds it bytes and time, and performs its actions. */
export class SessionHost {
  readonly #session: HostedSession
  readonly #services: HostServices
  readonly #observer: HostObserver<SessionHost>
  readonly #tls: SessionTls
  readonly #admittance: Admittance
  readonly #inputs: SessionInput[] = []
  #path: Path
  #busy = false
  /** When the protocol wants to be woken. */
  #wakeAtMs: number | undefined
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = 0
  #connected = false
  /** A change that came after the configuration was fixed and before the client was told. */
  #missed: PushConfiguration | undefined
  #ended = false
  #closed = false

  constructor(session: HostedSession, path: Path, services: HostServices, observer: HostObserver<SessionHost>) {
    this.#session = session
    this.#path = path
    this.#services = services
    this.#observer = observer
    const input = this.handle.bind(this)
    this.#tls = services.tlsFor(session.identity.tenantId, {
      input,
      unavailable: () => {
        this.discard('unknown-tenant')
      },
    })
    this.#admittance = new Admittance(session.identity, services, {
      input,
      identified: () => {
        observer.identified(this)
      },
      spoke: () => {
        observer.spoke(this)
      },
      admitted: () => {
        observer.admitted(this)
        return this.#path
      },
    })
  }

  /** Where the client is. */
  get path(): Path {
    return this.#path
  }

  get identity(): ClientIdentity {
    return this.#admittance.identity
  }

  /** The connection while it has a tunnel. */
  get connection(): Connection | undefined {
    return this.#admittance.connection
  }

  get grant(): ConnectionGrant | undefined {
    return this.#admittance.grant
  }

  /** How orders name this client. */
  get concerned(): Concerned {
    return this.#admittance.concerned
  }

  /** Whether a control packet belongs to this session rather than to a new one from the same address. */
  owns(bytes: Uint8Array): boolean {
    return this.#session.owns(bytes)
  }

  /** Starts with what the creation of the session asked for. */
  start(actions: readonly SessionAction[]): void {
    this.#run(() => actions)
  }

  /** Feeds one input; inputs that come up while actions are performed wait for their turn. */
  handle(input: SessionInput): void {
    this.#inputs.push(input)
    if (!this.#busy) this.#run(() => [])
  }

  /** The engine has seen the client's data come from elsewhere; control packets follow there. */
  moveTo(path: Path): void {
    const from = this.#path
    this.#path = path
    this.connection?.noteFloat()
    this.#services.metrics.floats.increment('moved')
    this.#services.log.debug({ ...this.identity, from: from.remote, to: path.remote }, 'client moved')
    this.#observer.moved(this, from)
  }

  /** A network has changed: tells the client, when it is the client's network and there is anything to tell. */
  updateNetwork(network: NodeNetwork): void {
    const configuration = this.#ended ? undefined : this.connection?.updateNetwork(network)
    if (configuration === undefined) return
    this.#services.metrics.networkUpdates.increment('changed')
    if (this.#connected) this.handle({ type: 'push-update', configuration })
    else this.#missed = configuration
  }

  /**
   * The login ends at another time, as was known then (`performance.now()`); with `renew` new keys bring the client a token
   * of it.
   */
  moveEnd(sessionEndsAt: string, knownAtMs: number, renew: boolean): void {
    const endsAtMs = this.#ended ? undefined : this.connection?.moveEnd(sessionEndsAt, knownAtMs)
    if (endsAtMs !== undefined) this.handle({ type: 'ends-at', endsAtMs, renew })
  }

  /** A user has answered a challenge in the browser: perhaps this one's. */
  challengeAnswered(state: string): void {
    this.#admittance.challengeAnswered(state)
  }

  /** Ends the session at once and without a word to the client, who is gone or somebody else. */
  discard(reason: EndReason): void {
    if (this.#closed) return
    this.#finish(reason)
    this.#close()
  }

  #run(first: () => readonly SessionAction[]): void {
    this.#busy = true
    try {
      for (const action of first()) this.#perform(action)
      do {
        for (let input = this.#inputs.shift(); input !== undefined && !this.#closed; input = this.#inputs.shift()) {
          for (const action of this.#session.handle(input, Date.now())) this.#perform(action)
        }
        for (const action of this.#closed ? [] : this.#session.settle()) this.#perform(action)
      } while (this.#inputs.length > 0 && !this.#closed)
    } catch (error) {
      // One client's connection that cannot be kept in order must not take the node with it.
      this.#services.log.error({ ...this.identity, err: describeError(error) }, 'session failed')
      this.discard('internal-error')
    } finally {
      this.#busy = false
    }
  }

  #perform(action: SessionAction): void {
    const { connection } = this
    switch (action.type) {
      case 'send':
        this.#services.engine.sendControl(this.#path, action.bytes)
        return
      case 'tls-write':
        this.#tls.perform(action)
        // Key method 2 and session tokens; the engine has its own copy.
        action.bytes.fill(0)
        return
      case 'tls-start':
      case 'tls-deliver':
      case 'tls-stop':
        this.#tls.perform(action)
        return
      case 'authenticate':
        this.#admittance.consider(action.keyId, action.request, this.#path)
        return
      case 'challenge-response':
        this.#admittance.respond(action.keyId, action.response)
        return
      case 'install-keys':
        connection?.installKeys(action)
        return
      case 'swap-keys':
        connection?.swapKeys()
        return
      case 'delete-keys':
        connection?.deleteKeys(action)
        return
      case 'timer':
        this.#setTimer(action.atMs)
        return
      case 'connected':
      case 'drop':
      case 'refused':
      case 'not-updated':
        this.#note(action)
        return
      case 'ended':
        this.#finish(action.reason)
        return
      case 'closed':
        this.#close()
        return
    }
  }

  #note(action: Extract<SessionAction, { type: 'connected' | 'drop' | 'refused' | 'not-updated' }>): void {
    const { metrics, log } = this.#services
    switch (action.type) {
      case 'connected':
        this.#connect(action)
        return
      case 'drop':
        metrics.sessionDrops.increment(action.reason)
        return
      case 'refused':
        this.#noteRefusal(action.refusal)
        return
      case 'not-updated':
        // What the network allows holds already; only the client's own routes are those that it was given.
        metrics.networkUpdates.increment('not-understood')
        log.debug(this.identity, 'client cannot be told of a change')
        return
    }
  }

  #connect({ cipher, family }: SessionAction & { type: 'connected' }): void {
    const { metrics, limits, log } = this.#services
    this.#connected = true
    metrics.handshakes.increment('connected')
    limits.completed(remoteAddressOf(this.#path))
    this.connection?.establish(cipher, this.#path)
    log.debug({ ...this.identity, family }, 'client connected')
    this.#observer.connected(this)
    if (this.#missed !== undefined) this.handle({ type: 'push-update', configuration: this.#missed })
  }

  #noteRefusal({ code, message, challenge }: Refusal): void {
    // A client that was asked for more is not turned away.
    if (challenge === undefined) this.#services.metrics.refusals.increment(refusalCounter(code))
    this.#services.log.info({ ...this.identity, code, message }, challenge ? 'client challenged' : 'client refused')
  }

  #finish(reason: EndReason): void {
    if (this.#ended) return
    this.#ended = true
    const { metrics, log } = this.#services
    metrics.ends.increment(reason)
    if (!this.#connected) metrics.handshakes.increment(reason === 'refused' ? 'refused' : 'failed')
    const { identity, grant, connection } = this
    const what = { ...identity, connectionId: grant?.connectionId, reason, floats: connection?.floats }
    log.info(what, 'connection ended')
    this.#admittance.end(reason)
  }

  #close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#tls.stopAll()
    this.#session.discard()
    this.#observer.closed(this)
  }

  /** A timer that runs already and ends no later is kept: a session moves its time with almost every packet. */
  #setTimer(atMs: number | undefined): void {
    this.#wakeAtMs = atMs
    if (atMs === undefined || (this.#timer !== undefined && this.#timerAtMs <= atMs)) return
    clearTimeout(this.#timer)
    this.#timerAtMs = atMs
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        this.#wake()
      },
      Math.max(0, atMs - Date.now()),
    )
  }

  #wake(): void {
    const atMs = this.#wakeAtMs
    if (atMs === undefined) return
    if (Date.now() < atMs) this.#setTimer(atMs)
    else this.handle({ type: 'timer' })
  }
}
