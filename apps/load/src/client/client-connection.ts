import { describeError, errorCode } from '@sallyport/foundation'
import {
  type ClientAction,
  type ClientBehaviour,
  type ClientCredentials,
  type ClientDropReason,
  type ClientInput,
  ClientSession,
  type KeyId,
  type PulledConfiguration,
} from '@sallyport/openvpn-session'
import type { CryptoSuite } from '@sallyport/openvpn-wire'
import { EngineError, type PacketEngine, type Path, type PeerStatistics } from '@sallyport/packet-engine'
import type { TlsClientContext } from '@sallyport/tls-engine'

import type { LoadProfile } from '../profile/profile.ts'
import { ClientTls } from './client-tls.ts'
import { ClientTunnel, type TunnelEngine } from './client-tunnel.ts'
import { outcomeReason } from './outcome-reason.ts'
import type { Sleeper, WakeWheel } from './wake-wheel.ts'

/** Who connects, and how. */
export interface ConnectionTerms {
  readonly profile: LoadProfile
  readonly credentials: ClientCredentials
  readonly behaviour: ClientBehaviour
  readonly path: Path
  readonly connectTimeoutMs: number
  readonly renegotiateAfterMs: number | undefined
}

/** What every connection of a run shares. */
export interface ConnectionServices {
  readonly engine: TunnelEngine & Pick<PacketEngine, 'sendControl'>
  readonly suite: CryptoSuite
  readonly wheel: Pick<WakeWheel, 'set'>
  readonly now: () => number
  readonly tlsContextOf: (profile: LoadProfile) => Pick<TlsClientContext, 'connect'>
  /** Called before a tunnel is opened: whoever has its peer-id or an address of it here has lost them at the server. */
  readonly vacate: (configuration: PulledConfiguration) => void
}

/** What the owner of a connection hears of it; `ended` comes once, then `closed`. */
export interface ConnectionObserver {
  connected(tunnel: ClientTunnel): void
  renegotiated(): void
  dropped(reason: ClientDropReason): void
  /** `reason` is `left` when the owner wanted it. */
  ended(reason: string): void
  /** Its path is free, and so are peer-id and addresses of its tunnel, if there was one; the traffic is the tunnel's. */
  closed(tunnel: ClientTunnel | undefined, traffic: PeerStatistics | undefined): void
}

/** One connection of a client, from its first packet to its end: the host of a protocol session. */
export class ClientConnection implements Sleeper {
  readonly #terms: ConnectionTerms
  readonly #services: ConnectionServices
  readonly #observer: ConnectionObserver
  readonly #session: ClientSession
  readonly #tls: ClientTls
  readonly #inputs: ClientInput[] = []
  #tunnel: ClientTunnel | undefined
  #busy = false
  #wakeAtMs: number | undefined
  /** When it must be connected; `undefined` once it is. */
  #deadlineMs: number | undefined
  #connected = false
  #ended = false
  #closed = false

  constructor(terms: ConnectionTerms, services: ConnectionServices, observer: ConnectionObserver) {
    const { profile, credentials, behaviour, renegotiateAfterMs } = terms
    const { suite } = services
    const nowMs = services.now()
    this.#terms = terms
    this.#services = services
    this.#observer = observer
    this.#deadlineMs = nowMs + terms.connectTimeoutMs
    const { wrap, optionsString } = profile
    const options = { suite, transport: 'udp', wrap, behaviour, credentials, optionsString } as const
    this.#session = new ClientSession(
      renegotiateAfterMs === undefined ? options : { ...options, renegotiateAfterMs },
      nowMs,
    )
    this.#tls = new ClientTls(services.tlsContextOf(profile), profile.serverName, this.#handle.bind(this))
  }

  /** Sends the first packet. */
  start(): void {
    this.#run(() => this.#session.start())
    this.#arm()
  }

  get isConnected(): boolean {
    return this.#connected && !this.#ended
  }

  /** Takes a control packet from the server. */
  receive(bytes: Uint8Array): void {
    this.#handle({ type: 'datagram', bytes })
  }

  noteKeyUsed(keyId: number): void {
    const known = [0, 1, 2, 3, 4, 5, 6, 7].find((id): id is KeyId => id === keyId)
    if (known !== undefined) this.#handle({ type: 'key-used', keyId: known })
  }

  /** A key is near a limit. */
  renegotiate(): void {
    this.#handle({ type: 'renegotiate' })
  }

  /** Nothing came from the server for as long as it asked to wait. */
  noteSilence(): void {
    this.#handle({ type: 'peer-gone' })
  }

  /** Says goodbye; `closed` follows when the server has had time to acknowledge that. */
  leave(): void {
    this.#handle({ type: 'leave' })
  }

  /** Ends the connection at once and without a word. */
  abandon(reason: string): void {
    if (this.#closed) return
    this.#end(reason)
    this.#close()
  }

  wake(nowMs: number): void {
    if (this.#deadlineMs !== undefined && this.#deadlineMs <= nowMs) {
      this.abandon(this.#session.serverSessionId === undefined ? 'no answer' : 'connect-timeout')
      return
    }
    if (this.#wakeAtMs !== undefined && this.#wakeAtMs <= nowMs) {
      this.#wakeAtMs = undefined
      this.#handle({ type: 'timer' })
    }
    this.#arm()
  }

  #handle(input: ClientInput): void {
    this.#inputs.push(input)
    if (!this.#busy) this.#run(() => [])
  }

  #run(first: () => readonly ClientAction[]): void {
    if (this.#closed) return
    this.#busy = true
    try {
      for (const action of first()) this.#perform(action)
      for (let input = this.#inputs.shift(); input !== undefined && !this.#isClosed(); input = this.#inputs.shift()) {
        for (const action of this.#session.handle(input, this.#services.now())) this.#perform(action)
      }
    } catch (error) {
      this.abandon(`failed: ${errorCode(error) ?? describeError(error)}`)
    } finally {
      this.#busy = false
    }
  }

  #perform(action: ClientAction): void {
    if (this.#closed) return
    switch (action.type) {
      case 'send':
        this.#services.engine.sendControl(this.#terms.path, action.bytes)
        return
      case 'tls-write':
        this.#tls.perform(action)
        // Key method 2 holds a password.
        action.bytes.fill(0)
        return
      case 'tls-start':
      case 'tls-deliver':
      case 'tls-stop':
        this.#tls.perform(action)
        return
      case 'install-keys':
        this.#installKeys(action)
        return
      case 'swap-keys':
        this.#tunnel?.swapKeys()
        return
      case 'timer':
        this.#wakeAtMs = action.atMs
        this.#arm()
        return
      case 'connected':
        this.#connect()
        return
      case 'pending':
        // Nobody is there to answer.
        if (action.dialogue !== undefined) this.abandon('asks for more than a password')
        return
      case 'drop':
        this.#observer.dropped(action.reason)
        return
      case 'ended':
        this.#end(outcomeReason(action.outcome))
        return
      case 'closed':
        this.#close()
        return
      case 'updated':
      case 'info':
        return
    }
  }

  #installKeys(action: ClientAction & { type: 'install-keys' }): void {
    const { configuration } = this.#session
    if (configuration === undefined) return
    const isRenewal = this.#tunnel !== undefined
    if (!isRenewal) this.#services.vacate(configuration)
    this.#tunnel ??= ClientTunnel.open(this.#services.engine, configuration, this.#terms.path)
    this.#tunnel.installKeys(action)
    if (isRenewal) this.#observer.renegotiated()
  }

  #connect(): void {
    if (this.#tunnel === undefined) return
    this.#connected = true
    this.#deadlineMs = undefined
    this.#tunnel.keepAlive()
    this.#arm()
    this.#observer.connected(this.#tunnel)
  }

  #end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    this.#deadlineMs = undefined
    this.#observer.ended(reason)
  }

  #close(): void {
    this.#closed = true
    this.#services.wheel.set(this, undefined)
    this.#tls.stopAll()
    this.#observer.closed(this.#tunnel, this.#closeTunnel())
  }

  /** An engine that has stopped has no tunnels, and whoever ends a connection for that must not fail of it again. */
  #closeTunnel(): PeerStatistics | undefined {
    try {
      const traffic = this.#tunnel?.statistics()
      this.#tunnel?.close()
      return traffic
    } catch (error) {
      if (error instanceof EngineError) return undefined
      throw error
    }
  }

  #arm(): void {
    if (this.#closed) return
    const atMs = Math.min(this.#wakeAtMs ?? Infinity, this.#deadlineMs ?? Infinity)
    this.#services.wheel.set(this, atMs === Infinity ? undefined : atMs)
  }

  /** Any action may have closed it. */
  #isClosed(): boolean {
    return this.#closed
  }
}
