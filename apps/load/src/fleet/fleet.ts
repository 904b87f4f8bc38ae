import { describeError, errorCode } from '@sallyport/foundation'
import {
  type ClientBehaviour,
  ClientCredentials,
  type PulledConfiguration,
  type UserSecrets,
} from '@sallyport/openvpn-session'
import type { ControlPacket, EngineEvent, PacketEngine, Path, PeerStatistics } from '@sallyport/packet-engine'

import { ClientConnection, type ConnectionServices } from '../client/client-connection.ts'
import type { ClientTunnel } from '../client/client-tunnel.ts'
import { type TunnelTerms, tunnelTerms } from '../client/tunnel-terms.ts'
import type { LoadProfile } from '../profile/profile.ts'
import type { FleetStatistics } from './fleet-statistics.ts'

/** One client of a run. */
export interface MemberOptions {
  readonly profile: LoadProfile
  readonly secrets: UserSecrets
  /** This machine's address that it connects from. */
  readonly localAddress: string
}

/** What all clients of a run have in common. */
export interface FleetOptions {
  readonly behaviour: ClientBehaviour
  readonly server: { readonly address: string; readonly port: number }
  readonly connectTimeoutMs: number
  readonly renegotiateAfterMs: number | undefined
}

/** What a fleet needs to work. */
export interface FleetServices extends Omit<ConnectionServices, 'vacate'> {
  readonly engine: ConnectionServices['engine'] & Pick<PacketEngine, 'listen' | 'acquaint'>
}

/** Who hears of tunnels that open and close. */
export interface FleetObserver {
  opened(member: number, terms: TunnelTerms): void
  closed(member: number, wasLost: boolean): void
}

interface Member {
  readonly index: number
  readonly options: MemberOptions
  readonly credentials: ClientCredentials
  path: Path | undefined
  connection: ClientConnection | undefined
  hasConnectedBefore: boolean
}

/** All clients of a run: each has its own source port for good, and at most one connection at a time. */
export class Fleet {
  readonly statistics: FleetStatistics
  readonly #options: FleetOptions
  readonly #services: ConnectionServices & FleetServices
  readonly #observer: FleetObserver
  readonly #members: readonly Member[]
  readonly #byListener = new Map<number, Member>()
  readonly #byPeerId = new Map<number, ClientConnection>()
  readonly #byAddress = new Map<string, ClientConnection>()
  #connecting = 0
  #connected = 0
  #open = 0

  constructor(
    members: readonly MemberOptions[],
    options: FleetOptions,
    services: FleetServices,
    parts: { readonly statistics: FleetStatistics; readonly observer: FleetObserver },
  ) {
    this.#options = options
    this.statistics = parts.statistics
    this.#observer = parts.observer
    this.#services = {
      ...services,
      vacate: this.#vacate.bind(this),
    }
    this.#members = members.map((member, index) => ({
      index,
      options: member,
      credentials: new ClientCredentials(member.secrets, options.behaviour),
      path: undefined,
      connection: undefined,
      hasConnectedBefore: false,
    }))
  }

  get size(): number {
    return this.#members.length
  }

  /** Handshakes in progress. */
  get connecting(): number {
    return this.#connecting
  }

  get connected(): number {
    return this.#connected
  }

  /** Connections that are not closed, those that say goodbye included. */
  get open(): number {
    return this.#open
  }

  /** Whether a client is connected and stays so. */
  isConnected(index: number): boolean {
    return this.#members[index]?.connection?.isConnected === true
  }

  /** Lets a client connect; nothing happens when it has a connection. One that cannot even begin is refused. */
  begin(index: number): void {
    const member = this.#members[index]
    if (member === undefined || member.connection !== undefined) return
    try {
      this.#connect(member)
    } catch (error) {
      this.statistics.refusals.add(`failed: ${errorCode(error) ?? describeError(error)}`)
    }
  }

  /** Lets a client say goodbye. */
  leave(index: number): void {
    this.#members[index]?.connection?.leave()
  }

  /** Hands control packets to the clients that they came for. */
  receive(packets: readonly ControlPacket[]): void {
    for (const { path, bytes } of packets) this.#byListener.get(path.listener)?.connection?.receive(bytes)
  }

  /** Tells the client what the engine has seen of its tunnel. */
  note(event: EngineEvent): void {
    if (event.type === 'key-used') this.#byPeerId.get(event.peerId)?.noteKeyUsed(event.keyId)
    else if (event.type === 'key-limit') this.#byPeerId.get(event.peerId)?.renegotiate()
    else if (event.type === 'peer-timeout') this.#byPeerId.get(event.peerId)?.noteSilence()
    else if (event.type === 'occ-exit') this.#byPeerId.get(event.peerId)?.abandon('server-exit')
  }

  /** Closes what is still open, without a word. */
  abandonAll(): void {
    for (const { connection } of this.#members) connection?.abandon('left')
  }

  #connect(member: Member): void {
    const { profile } = member.options
    const { behaviour, connectTimeoutMs, renegotiateAfterMs } = this.#options
    const { credentials } = member
    const startedMs = this.#services.now()
    const isFirst = !member.hasConnectedBefore
    this.statistics.noteBegun(isFirst, credentials.token !== undefined, startedMs)
    const path = (member.path ??= this.#openPath(member))
    const terms = { profile, credentials, behaviour, path, connectTimeoutMs, renegotiateAfterMs }
    const connection = new ClientConnection(terms, this.#services, this.#observe(member, isFirst, startedMs))
    member.connection = connection
    this.#connecting += 1
    this.#open += 1
    connection.start()
  }

  #openPath(member: Member): Path {
    const { localAddress } = member.options
    const { engine } = this.#services
    const { listener, port } = engine.listen({ transport: 'udp', address: localAddress, port: 0 })
    this.#byListener.set(listener, member)
    const local = { address: localAddress, port }
    const path: Path = { listener, transport: 'udp', remote: this.#options.server, local, stream: undefined }
    engine.acquaint(path)
    return path
  }

  #observe(member: Member, isFirst: boolean, startedMs: number): ConstructorParameters<typeof ClientConnection>[2] {
    const { statistics } = this
    const { index } = member
    let state: 'connecting' | 'connected' | 'ended' = 'connecting'
    let wasLost = false
    return {
      connected: (tunnel) => {
        const nowMs = this.#services.now()
        state = 'connected'
        member.hasConnectedBefore = true
        this.#connecting -= 1
        this.#connected += 1
        if (member.connection !== undefined) this.#enter(tunnel, member.connection)
        statistics.noteConnected(isFirst, nowMs - startedMs, nowMs)
        this.#observer.opened(index, tunnel.terms)
      },
      renegotiated: () => {
        statistics.renegotiations += 1
      },
      dropped: (reason) => {
        statistics.noteDrop(reason)
      },
      ended: (reason) => {
        wasLost = reason !== 'left'
        if (state === 'connecting') this.#connecting -= 1
        else this.#connected -= 1
        if (wasLost) (state === 'connecting' ? statistics.refusals : statistics.lost).add(reason)
        state = 'ended'
      },
      closed: (tunnel, traffic) => {
        this.#forget(member, tunnel, traffic)
        this.#observer.closed(index, wasLost)
      },
    }
  }

  /** What the server gives to one client it has taken from another, whose connection is dead there. */
  #vacate(configuration: PulledConfiguration): void {
    const { ipv4, ipv6 } = tunnelTerms(configuration)
    const { peerId } = configuration
    const holders = [
      peerId === undefined ? undefined : this.#byPeerId.get(peerId),
      ...[ipv4, ipv6].map((address) => (address === undefined ? undefined : this.#byAddress.get(address))),
    ]
    for (const holder of holders) holder?.abandon('replaced at the server')
  }

  #enter({ peerId, terms }: ClientTunnel, connection: ClientConnection): void {
    this.#byPeerId.set(peerId, connection)
    for (const address of addressesOf(terms)) this.#byAddress.set(address, connection)
  }

  #forget(member: Member, tunnel: ClientTunnel | undefined, traffic: PeerStatistics | undefined): void {
    if (traffic !== undefined) this.statistics.addTraffic(traffic)
    if (tunnel !== undefined) {
      this.#byPeerId.delete(tunnel.peerId)
      for (const address of addressesOf(tunnel.terms)) this.#byAddress.delete(address)
    }
    member.connection = undefined
    this.#open -= 1
  }
}

function addressesOf({ ipv4, ipv6 }: TunnelTerms): readonly string[] {
  return [ipv4, ipv6].filter((address) => address !== undefined)
}
