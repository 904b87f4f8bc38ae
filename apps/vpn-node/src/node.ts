import { setTimeout as delay } from 'node:timers/promises'

import { ApiClient, type ClusterIdentity, type NodeKeys } from '@sallyport/cluster-identity'
import type { NodeNetwork, NodeOrder, ServiceRole } from '@sallyport/contracts'
import { describeError, SallyportError } from '@sallyport/foundation'
import { InitialLimits, WrappedKeyMemory } from '@sallyport/openvpn-session'
import { toKeyId } from '@sallyport/openvpn-wire'
import {
  createPacketEngine,
  type EngineEvent,
  type EngineHandlers,
  type EngineOptions,
  type Listener,
  type PacketEngine,
} from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'
import { createNativeCryptoSuite } from '@sallyport/tls-engine'

import { AdmissionDesk } from './admission.ts'
import { CaptureDesk } from './capture-desk.ts'
import { ConnectionReporter } from './connection-reporter.ts'
import { ControlLink } from './control-link.ts'
import { HandshakeKeys } from './handshake-keys.ts'
import { KeyStateTls } from './key-state-tls.ts'
import { LeaseClient } from './lease-client.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { createNodeMetrics, type NodeMetrics } from './node-metrics.ts'
import { OrderFollower } from './order-follower.ts'
import { PeerIds } from './peer-ids.ts'
import { type ListedPeer, listPeers } from './peer-listing.ts'
import { PortShare } from './port-share.ts'
import { programVersion } from './program-version.ts'
import { concerns, RecentRevocations } from './recent-revocations.ts'
import { Reception } from './reception.ts'
import { SessionEnds } from './session-ends.ts'
import type { HostServices, SessionHost } from './session-host.ts'
import { SessionTable } from './session-table.ts'
import type { NodeSettings } from './settings.ts'
import { StatusReporter } from './status-reporter.ts'
import { TenantContexts } from './tenant-contexts.ts'
import { TrafficReporter } from './traffic-reporter.ts'
import { removeStaleFirewalls, restoreForwarding } from './tunnel-interface.ts'
import { TunnelNetworks } from './tunnel-networks.ts'

/** Long enough for the clients to hear that they should come back. */
const FAREWELL_MS = 1_000
const PRELOAD_RETRY_MS = 2_000

/** A data-plane node: owns listeners, sessions, engine and links, wires them, and decides nothing. */
export class VpnNode implements AsyncDisposable {
  readonly metrics: NodeMetrics
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #stack = new AsyncDisposableStack()
  readonly #table: SessionTable
  readonly #revocations = new RecentRevocations()
  readonly #engine: PacketEngine
  readonly #services: HostServices & { readonly reports: ConnectionReporter }
  readonly #contexts: TenantContexts
  readonly #networks: TunnelNetworks
  readonly #portShare: PortShare | undefined
  readonly #keys: HandshakeKeys
  readonly #reception: Reception
  readonly #captures: CaptureDesk
  readonly #sessionEnds: SessionEnds
  readonly #status: StatusReporter
  readonly #orders: OrderFollower

  constructor(settings: NodeSettings, identity: ClusterIdentity, log: Logger) {
    const secrets = nodeSecretsOf(identity)
    const { signal } = this.#abort
    this.#log = log
    this.#engine = this.#stack.use(
      this.#createEngine({ dataThreads: settings.NODE_DATA_THREADS, cipherLibrary: settings.NODE_CIPHER_LIBRARY }),
    )
    this.#table = new SessionTable(this.#engine)
    this.metrics = createNodeMetrics({
      engine: this.#engine,
      networks: () => this.#networks.open,
      connections: () => this.#table.connectionCounts,
      handshakes: () => this.#table.handshakeCount,
    })
    const share = settings.NODE_TCP_SHARE
    this.#portShare = share && this.#stack.use(new PortShare(share, this.metrics.sharedStreams))
    const prefix = interfacePrefix(secrets.nodeSlot)
    this.#networks = this.#stack.use(new TunnelNetworks(this.#engine, prefix, this.#tellClients.bind(this), log))
    const control = new ControlLink(this.#apiClient(settings.AUTH_NODE_API_URL, 'auth-service', identity))
    const leaseClient = new LeaseClient(this.#apiClient(identity.allocatorUrl, 'ip-allocator', identity))
    const leases = this.#stack.use(new LeaseKeeper(leaseClient, this.#loseLease.bind(this), log))
    const contexts = this.#stack.use(new TenantContexts(control, log))
    this.#contexts = contexts
    const suite = createNativeCryptoSuite()
    const fixed = {
      suite,
      tlsCryptV2ServerKey: secrets.tlsCryptV2ServerKey.reveal(),
      limits: new InitialLimits(suite),
      wrappedKeys: new WrappedKeyMemory(),
    }
    const reports = this.#stack.use(new ConnectionReporter(control, log))
    const directory = settings.NODE_CAPTURE_DIRECTORY
    this.#captures = this.#stack.use(new CaptureDesk({ engine: this.#engine, reports, directory, log }))
    this.#services = {
      engine: this.#engine,
      tlsFor: (tenantId, events) => new KeyStateTls(contexts, tenantId, events),
      leases,
      peerIds: new PeerIds(secrets.nodeSlot),
      reports,
      captures: this.#captures,
      admission: new AdmissionDesk(control, leases, this.#networks, log, signal),
      revocations: this.#revocations,
      limits: fixed.limits,
      metrics: this.metrics,
      log,
    }
    this.#keys = this.#stack.use(new HandshakeKeys(control, fixed, log))
    this.#reception = new Reception(this.#table, this.#services, () => this.#keys.context)
    this.#sessionEnds = this.#stack.use(new SessionEnds(control, () => this.#table.hosts, log))
    this.#status = this.#stack.use(this.#reportStatus(control))
    this.#stack.use(new TrafficReporter(control, this.#engine, () => this.#table.hosts, log))
    this.#orders = this.#stack.use(this.#followOrders(control))
  }

  #reportStatus(control: ControlLink): StatusReporter {
    const readings = {
      version: programVersion(),
      connections: () => this.#table.connectionCounts.udp + this.#table.connectionCounts.tcp,
      cpuMicroseconds: () => process.cpuUsage().user + process.cpuUsage().system,
      uptimeMs: () => performance.now(),
    }
    return new StatusReporter(control, readings, this.#log)
  }

  #createEngine(options: EngineOptions): PacketEngine {
    const handlers: EngineHandlers = {
      onControl: (packets) => {
        for (const packet of packets)
          this.#guard(() => {
            this.#reception.take(packet)
          })
      },
      onEvent: (event) => {
        this.#guard(() => {
          this.#takeEvent(event)
        })
      },
      onForeignStream: (stream) => {
        this.#guard(() => {
          this.#portShare?.accept(stream)
        })
      },
      onFatal: (error) => {
        this.#log.fatal({ err: describeError(error) }, 'packet engine stopped')
        process.exitCode = 1
        process.kill(process.pid, 'SIGTERM')
      },
    }
    return createPacketEngine(handlers, options)
  }

  #followOrders(control: ControlLink): OrderFollower {
    return new OrderFollower(
      control,
      {
        order: this.#obey.bind(this),
        connectionIds: () => this.#table.hosts.flatMap((host) => host.grant?.connectionId ?? []),
        network: (current) => {
          void this.#networks.update(current)
        },
        end: ({ connectionId, message }) => {
          this.#end((host) => host.grant?.connectionId === connectionId, 'halt', message)
        },
      },
      this.#log,
    )
  }

  #apiClient(baseUrl: string, serverRole: ServiceRole, credentials: ClusterIdentity): ApiClient {
    return this.#stack.use(new ApiClient({ baseUrl, serverRole, credentials }))
  }

  /** Why new clients cannot be let in; `undefined` when they can. */
  get problem(): string | undefined {
    if (this.#reception.draining) return 'this node is drained'
    if (this.#keys.context === undefined) return 'no handshake keys yet'
    return this.#orders.connected ? undefined : 'auth-service is away'
  }

  /** What the engine counts of each live connection. */
  listPeers(): Promise<ListedPeer[]> {
    return listPeers(this.#table.hosts, this.#engine)
  }

  /** Cleans up after a killed run, binds every address, and gets the tenants' certificates; returns what is bound. */
  async start(listen: NodeSettings['NODE_LISTEN']): Promise<readonly Listener[]> {
    const tables = await removeStaleFirewalls(this.#networks.interfacePrefix)
    if (tables > 0) this.#log.info({ tables }, 'removed firewall tables of an earlier run')
    const passForeign = this.#portShare !== undefined
    const listeners = listen.map((options) => this.#engine.listen({ ...options, passForeign }))
    void this.#preloadTenants()
    // So that a client who comes at once is answered at once; without an answer the node is there all the same.
    await this.#keys.firstAnswer
    return listeners
  }

  async #preloadTenants(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#contexts.preload()
        return
      } catch (error) {
        this.#log.warn({ err: describeError(error) }, 'tenants not loaded: trying again')
        await delay(PRELOAD_RETRY_MS, undefined, { signal: this.#abort.signal }).catch(() => undefined)
      }
    }
  }

  /** One packet or event that cannot be dealt with must not take the rest of its batch with it. */
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#log.error({ err: describeError(error) }, 'packet or event not dealt with')
    }
  }

  #takeEvent(event: EngineEvent): void {
    if (event.type === 'stream-closed') {
      this.metrics.streamEnds.increment(event.reason)
      for (const host of this.#table.at(event.path)) host.discard('stream-closed')
      return
    }
    if (event.type === 'offload-lost') {
      this.#log.warn({ what: event.what }, 'the kernel refused an offload that it had offered: packets cost more')
      return
    }
    if (event.type === 'network-lost') {
      this.#renewNetwork(event.network)
      return
    }
    if (event.type === 'key-limit') this.metrics.keyLimits.increment(event.reason)
    const host = this.#table.findByPeerId(event.peerId)
    if (host === undefined) return
    switch (event.type) {
      case 'key-used':
      case 'key-limit': {
        const keyId = toKeyId(event.keyId)
        if (keyId !== undefined) host.handle({ type: event.type, keyId })
        return
      }
      case 'peer-timeout':
        host.handle({ type: 'peer-gone', reason: 'keepalive-timeout' })
        return
      case 'occ-exit':
        host.handle({ type: 'peer-gone', reason: 'occ-exit' })
        return
      case 'peer-float':
        host.moveTo(event.path)
        return
    }
  }

  /** Its clients come back by themselves, with their tokens. */
  #renewNetwork(index: number): void {
    const networkId = this.#networks.idOf(index)
    if (networkId === undefined) return
    this.#log.error(
      { networkId },
      'the device of a network was deleted: it is made anew, and its clients are told to come back',
    )
    this.#end((host) => host.grant?.network.networkId === networkId, 'restart', 'Your network was interrupted')
    void this.#networks.renew(networkId)
  }

  #obey(order: NodeOrder): void {
    switch (order.type) {
      case 'revoked':
        this.#revocations.note(order, performance.now())
        this.#end((host) => concerns(order, host.concerned), 'halt', order.message)
        return
      case 'policy-changed':
        void this.#networks.update(order.network)
        return
      case 'drain':
        this.#reception.draining = true
        this.#end(() => true, 'restart', 'This server is going down for maintenance', true)
        return
      case 'resume':
        this.#reception.draining = false
        return
      case 'hello':
        this.#keys.refresh()
        void this.#contexts.refresh()
        void this.#status.report()
        void this.#sessionEnds.ask()
        return
      case 'handshake-keys-changed':
        this.#keys.refresh()
        return
      case 'tenant-authority-changed':
        void this.#contexts.authorityChanged(order.tenantId, order.authorityVersion)
        return
      case 'challenge-answered':
        for (const host of this.#table.hosts) host.challengeAnswered(order.state)
        return
      case 'session-ends':
        this.#sessionEnds.obey(order)
        return
      case 'capture':
        this.#capture(order)
        return
      case 'heartbeat':
        return
    }
  }

  #capture(order: NodeOrder & { type: 'capture' }): void {
    const host = this.#table.hosts.find(({ grant }) => grant?.connectionId === order.connectionId)
    const peerId = host?.connection?.peerId
    const { tenantId } = host?.identity ?? {}
    this.#captures.start(order, peerId === undefined || tenantId === undefined ? undefined : { tenantId, peerId })
  }

  #tellClients(network: NodeNetwork): void {
    for (const host of this.#table.hosts) host.updateNetwork(network)
  }

  #loseLease(connectionId: string): void {
    const reason = 'Another connection of this device took over'
    this.#end((host) => host.grant?.connectionId === connectionId, 'restart', reason)
  }

  /** `advance` sends clients that understand it to the next server of their profile. */
  #end(concerned: (host: SessionHost) => boolean, how: 'halt' | 'restart', reason: string, advance = false): void {
    for (const host of this.#table.hosts) {
      if (concerned(host)) host.handle({ type: 'end', how, reason, advance })
    }
  }

  /** Tells the clients to come back, gives their addresses back, and leaves no device, rule or thread behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#reception.draining = true
    if (this.#table.hosts.length > 0) {
      this.#end(() => true, 'restart', 'This server restarts')
      await delay(FAREWELL_MS)
    }
    for (const host of this.#table.hosts) host.discard('node-stopped')
    await this.#services.reports.flush()
    this.#abort.abort()
    try {
      await this.#stack.disposeAsync()
    } finally {
      await restoreForwarding()
    }
  }
}

function interfacePrefix(nodeSlot: number): string {
  return `spt${String(nodeSlot)}n`
}

function nodeSecretsOf(identity: ClusterIdentity): NodeKeys {
  if (identity.nodeSecrets) return identity.nodeSecrets
  throw new SallyportError(
    'wrong-role',
    `this identity is of a ${identity.role}: give the vpn-node a directory of its own`,
  )
}
