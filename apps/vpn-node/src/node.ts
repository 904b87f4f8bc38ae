import { setTimeout as delay } from 'node:timers/promises'

import { ApiClient, type ClusterIdentity, type NodeKeys } from '@sallyport/cluster-identity'
import type { NodeOrder, ServiceRole } from '@sallyport/contracts'
import { describeError, SallyportError } from '@sallyport/foundation'
import { answerInitialPacket, type ServerContext } from '@sallyport/openvpn-session'
import { nodeCryptoSuite, toKeyId } from '@sallyport/openvpn-wire'
import { type ControlPacket, createPacketEngine, type EngineEvent, type PacketEngine } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import { AdmissionDesk } from './admission.ts'
import { ConnectionReporter } from './connection-reporter.ts'
import { ControlLink } from './control-link.ts'
import { LeaseClient } from './lease-client.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { createNodeMetrics, type NodeMetrics } from './node-metrics.ts'
import { OrderFollower } from './order-follower.ts'
import { PeerIds } from './peer-ids.ts'
import { concerns, RecentRevocations } from './recent-revocations.ts'
import { type HostServices, SessionHost } from './session-host.ts'
import { SessionTable } from './session-table.ts'
import type { NodeSettings } from './settings.ts'
import { TenantContexts } from './tenant-contexts.ts'
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
  readonly #table = new SessionTable()
  readonly #revocations = new RecentRevocations()
  readonly #engine: PacketEngine
  readonly #serverContext: ServerContext
  readonly #services: HostServices
  readonly #networks: TunnelNetworks
  readonly #orders: OrderFollower
  #draining = false

  constructor(settings: NodeSettings, identity: ClusterIdentity, log: Logger) {
    const secrets = nodeSecretsOf(identity)
    const { signal } = this.#abort
    this.#log = log
    this.#serverContext = {
      suite: nodeCryptoSuite,
      tlsCryptV2ServerKey: secrets.tlsCryptV2ServerKey.reveal(),
      cookieKey: secrets.cookieKey.reveal(),
    }
    this.#engine = this.#stack.use(
      createPacketEngine({
        onControl: (packets) => {
          for (const packet of packets)
            this.#guard(() => {
              this.#takeControl(packet)
            })
        },
        onEvent: (event) => {
          this.#guard(() => {
            this.#takeEvent(event)
          })
        },
        onFatal: (error) => {
          log.fatal({ err: describeError(error) }, 'packet engine stopped')
          process.exitCode = 1
          process.kill(process.pid, 'SIGTERM')
        },
      }),
    )
    this.metrics = createNodeMetrics(this.#engine, () => this.#table.connectionCount)
    this.#networks = this.#stack.use(new TunnelNetworks(this.#engine, interfacePrefix(secrets.nodeSlot), log))
    const control = new ControlLink(this.#apiClient(settings.AUTH_NODE_API_URL, 'auth-service', identity))
    const leaseClient = new LeaseClient(this.#apiClient(identity.allocatorUrl, 'ip-allocator', identity))
    const leases = this.#stack.use(
      new LeaseKeeper(
        leaseClient,
        (id) => {
          this.#loseLease(id)
        },
        log,
      ),
    )
    const contexts = this.#stack.use(new TenantContexts(control, log))
    this.#services = {
      engine: this.#engine,
      contexts,
      leases,
      peerIds: new PeerIds(secrets.nodeSlot),
      reports: this.#stack.use(new ConnectionReporter(control, log)),
      admission: new AdmissionDesk(control, leases, this.#networks, log, signal),
      revocations: this.#revocations,
      metrics: this.metrics,
      log,
    }
    this.#orders = this.#stack.use(
      new OrderFollower(
        control,
        {
          order: (order) => {
            this.#obey(order)
          },
          connectionIds: () => this.#table.hosts.flatMap((host) => host.grant?.connectionId ?? []),
          network: (current) => {
            void this.#networks.update(current)
          },
          end: ({ connectionId, message }) => {
            this.#end((host) => host.grant?.connectionId === connectionId, 'halt', message)
          },
        },
        log,
      ),
    )
  }

  #apiClient(baseUrl: string, serverRole: ServiceRole, credentials: ClusterIdentity): ApiClient {
    return this.#stack.use(new ApiClient({ baseUrl, serverRole, credentials }))
  }

  /** Why new clients cannot be let in; `undefined` when they can. */
  get problem(): string | undefined {
    if (this.#draining) return 'this node is drained'
    return this.#orders.connected ? undefined : 'auth-service is away'
  }

  /** Cleans up after a killed run, binds the port, and gets the tenants' certificates; returns the bound address. */
  async start(listen: { host: string; port: number }): Promise<{ address: string; port: number }> {
    const tables = await removeStaleFirewalls(this.#networks.interfacePrefix)
    if (tables > 0) this.#log.info({ tables }, 'removed firewall tables of an earlier run')
    const bound = this.#engine.listen({ address: listen.host, port: listen.port })
    void this.#preloadTenants()
    return bound
  }

  async #preloadTenants(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#services.contexts.preload()
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

  #takeControl({ from, bytes }: ControlPacket): void {
    const host = this.#table.find(from, bytes)
    if (host) {
      host.handle({ type: 'datagram', bytes })
      return
    }
    const result = answerInitialPacket(this.#serverContext, from, bytes, Date.now())
    const { initialDrops } = this.metrics
    if (result.type === 'drop') {
      initialDrops.increment(result.reason)
    } else if (this.#draining) {
      initialDrops.increment('draining')
    } else if (result.type === 'answer') {
      this.#engine.sendControl(from, result.bytes)
    } else if (!this.#table.hasRoom) {
      initialDrops.increment('too-many-handshakes')
    } else {
      const newcomer = new SessionHost(result.session, from, this.#services, this.#table)
      this.#table.add(newcomer)
      newcomer.start(result.actions)
    }
  }

  #takeEvent(event: EngineEvent): void {
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
    }
  }

  #obey(order: NodeOrder): void {
    switch (order.type) {
      case 'revoked':
        this.#revocations.note(order, Date.now())
        this.#end((host) => concerns(order, host.concerned), 'halt', order.message)
        return
      case 'policy-changed':
        void this.#networks.update(order.network)
        return
      case 'drain':
        this.#draining = true
        this.#end(() => true, 'restart', 'This server is going down for maintenance')
        return
      case 'resume':
        this.#draining = false
        return
      case 'hello':
      case 'heartbeat':
        return
    }
  }

  #loseLease(connectionId: string): void {
    const reason = 'Another connection of this device took over'
    this.#end((host) => host.grant?.connectionId === connectionId, 'restart', reason)
  }

  #end(concerned: (host: SessionHost) => boolean, how: 'halt' | 'restart', reason: string): void {
    for (const host of this.#table.hosts) {
      if (concerned(host)) host.handle({ type: 'end', how, reason })
    }
  }

  /** Tells the clients to come back, gives their addresses back, and leaves no device, rule or thread behind. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#draining = true
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
