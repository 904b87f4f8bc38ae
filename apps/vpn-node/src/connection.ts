import { isDeepStrictEqual } from 'node:util'

import type { ConnectionGrant, EndedReport, EstablishedReport, Lease, NodeNetwork } from '@sallyport/contracts'
import { describeError, SallyportError } from '@sallyport/foundation'
import type { PushConfiguration, SessionAction, SessionGrant } from '@sallyport/openvpn-session'
import type { KeyLimits, PacketEngine, Path, PeerStatistics } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import type { CaptureDesk } from './capture-desk.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { PeerIds } from './peer-ids.ts'
import { limitsOf, sizesFor } from './peer-terms.ts'
import { pushConfiguration } from './push-configuration.ts'

/** As OpenVPN's `reneg-sec` has it: up to a tenth earlier, so that clients that came together do not come back so. */
const RENEGOTIATION_JITTER = 0.1

/** How auth-service hears of connections; delivery is best effort, the regular sync repairs the rest. */
export interface ConnectionReports {
  established(connectionId: string, report: EstablishedReport): void
  ended(connectionId: string, report: EndedReport): void
  /** Waits, not for long, until what was reported has arrived. */
  flush(): Promise<void>
}

export interface ConnectionServices {
  readonly engine: Pick<
    PacketEngine,
    'addPeer' | 'deletePeer' | 'setKey' | 'swapKeys' | 'deleteKey' | 'setKeepalive' | 'setLimits' | 'statistics'
  >
  readonly peerIds: Pick<PeerIds, 'allocate' | 'free'>
  readonly leases: Pick<LeaseKeeper, 'release'>
  readonly reports: Pick<ConnectionReports, 'established' | 'ended'>
  readonly captures: Pick<CaptureDesk, 'finish'>
  readonly log: Logger
}

/** A granted connection: its peer in the packet engine, its lease, its entry at auth-service. */
export class Connection {
  readonly peerId: number
  readonly lease: Lease
  readonly #services: ConnectionServices
  #grant: ConnectionGrant
  #format: 'classic' | 'epoch' = 'classic'
  #floats = 0
  /** When its end was moved last, by `performance.now()`: a clock that is set must not turn the order of news around. */
  #movedAtMs = -Infinity
  #closed = false

  constructor(peerId: number, grant: ConnectionGrant, lease: Lease, services: ConnectionServices) {
    this.peerId = peerId
    this.lease = lease
    this.#grant = grant
    this.#services = services
  }

  /** The newest terms. */
  get grant(): ConnectionGrant {
    return this.#grant
  }

  /** How often the client's address has changed. */
  get floats(): number {
    return this.#floats
  }

  /** What the session tells its client, with the newest token. */
  get sessionGrant(): SessionGrant {
    const { sessionToken, sessionEndsAt, renegotiateAfterSeconds } = this.#grant
    return {
      peerId: this.peerId,
      configuration: pushConfiguration(this.#grant, this.lease),
      authToken: sessionToken,
      renegotiateAfterMs: renegotiateAfterSeconds * 1000 * (1 - Math.random() * RENEGOTIATION_JITTER),
      endsAtMs: Date.parse(sessionEndsAt),
    }
  }

  /**
   * Takes over what a renegotiation brought, but for the network, of which changes come as `updateNetwork`, and the
   * keepalive, which the client was told once. An end that was moved after the question may be newer than the answer.
   */
  renew(grant: ConnectionGrant, askedAtMs: number): void {
    const { network, keepalive, sessionEndsAt } = this.#grant
    const end = askedAtMs < this.#movedAtMs ? { sessionEndsAt } : {}
    this.#grant = { ...grant, network, keepalive, ...end }
  }

  /** Takes over another end of the login; gives it in Unix milliseconds, or `undefined` when that was no news. */
  moveEnd(sessionEndsAt: string, knownAtMs: number): number | undefined {
    if (knownAtMs < this.#movedAtMs || sessionEndsAt === this.#grant.sessionEndsAt) return undefined
    this.#movedAtMs = knownAtMs
    this.#grant = { ...this.#grant, sessionEndsAt }
    return Date.parse(sessionEndsAt)
  }

  /** Takes over a change of the connection's network; gives what to tell the client, when that is anything new. */
  updateNetwork(network: NodeNetwork): PushConfiguration | undefined {
    const { network: before } = this.#grant
    if (network.networkId !== before.networkId || network.version <= before.version) return undefined
    const told = pushConfiguration(this.#grant, this.lease)
    // Address blocks and namespaces never change under live clients.
    const { namespace, ipv4, ipv6 } = before
    this.#grant = { ...this.#grant, network: { ...network, namespace, ipv4, ipv6 } }
    const limits = limitsOf(network)
    // Setting them anew would let everybody have another burst.
    if (!isDeepStrictEqual(limits, limitsOf(before))) this.#services.engine.setLimits(this.peerId, limits)
    const configuration = pushConfiguration(this.#grant, this.lease)
    return JSON.stringify(configuration) === JSON.stringify(told) ? undefined : configuration
  }

  /** Hands keys to the engine and wipes the copies. */
  installKeys({ keyId, slot, keys, framing }: SessionAction & { type: 'install-keys' }): void {
    const ivs = keys.format === 'classic' ? keys : { sealIv: new Uint8Array(0), openIv: new Uint8Array(0) }
    const { cipher, format, sealKey, openKey } = keys
    const { sealIv, openIv } = ivs
    const limits = keyLimits(this.#grant)
    this.#format = format
    const { engine } = this.#services
    engine.setKey({
      peerId: this.peerId,
      slot,
      keyId,
      cipher,
      format,
      framing,
      sealKey,
      sealIv,
      openKey,
      openIv,
      ...(limits ? { limits } : {}),
    })
    for (const buffer of [sealKey, sealIv, openKey, openIv]) buffer.fill(0)
  }

  swapKeys(): void {
    this.#services.engine.swapKeys(this.peerId)
  }

  deleteKeys({ slot }: SessionAction & { type: 'delete-keys' }): void {
    this.#services.engine.deleteKey(this.peerId, slot)
  }

  /** The engine has seen the client at another address. */
  noteFloat(): void {
    this.#floats += 1
  }

  /** The client has its PUSH_REPLY: dead-peer detection begins. */
  establish(cipher: string, path: Path): void {
    const { pingSeconds, pingRestartSeconds } = this.#grant.keepalive
    // The server waits twice as long, so that the client notices first and comes back by itself.
    this.#services.engine.setKeepalive(this.peerId, {
      intervalSeconds: pingSeconds,
      timeoutSeconds: 2 * pingRestartSeconds,
    })
    const { ipv4, ipv6 } = this.lease
    const { connectionId } = this.#grant
    this.#services.reports.established(connectionId, { ipv4, ipv6, cipher })
    const { transport } = path
    this.#services.log.info({ connectionId, transport, cipher, format: this.#format }, 'connection established')
  }

  /** Takes the peer out of the engine at once, then gives the addresses back and reports the end. */
  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    const { engine, peerIds, leases, reports, captures, log } = this.#services
    const { connectionId } = this.#grant
    captures.finish(connectionId)
    let statistics: Pick<PeerStatistics, 'receivedBytes' | 'sentBytes'> = { receivedBytes: 0n, sentBytes: 0n }
    try {
      statistics = engine.statistics(this.peerId)
      engine.deletePeer(this.peerId)
    } catch (error) {
      log.error({ connectionId, err: describeError(error) }, 'peer not deleted')
    }
    peerIds.free(this.peerId)
    leases.release(connectionId)
    reports.ended(connectionId, {
      reason,
      receivedBytes: String(statistics.receivedBytes),
      sentBytes: String(statistics.sentBytes),
    })
  }
}

/** Adds the peer of an admitted client to the engine. Throws when the engine has no room or refuses. */
export function openConnection(
  { grant, lease, network }: { grant: ConnectionGrant; lease: Lease; network: number },
  path: Path,
  services: ConnectionServices,
): Connection {
  const peerId = services.peerIds.allocate()
  if (peerId === undefined) throw new SallyportError('no-peer-id', 'every peer-id of this node is in use')
  try {
    const connection = new Connection(peerId, grant, lease, services)
    const { ipv4, ipv6 } = lease
    services.engine.addPeer({ peerId, network, path, ipv4, ipv6: ipv6 ?? undefined, ...sizesFor(path) })
    services.engine.setLimits(peerId, limitsOf(grant.network))
    return connection
  } catch (error) {
    services.peerIds.free(peerId)
    throw error
  }
}

function keyLimits({ keyLimitBytes, keyLimitPackets }: ConnectionGrant): KeyLimits | undefined {
  if (keyLimitBytes === null && keyLimitPackets === null) return undefined
  return {
    ...(keyLimitBytes === null ? {} : { bytes: BigInt(keyLimitBytes) }),
    ...(keyLimitPackets === null ? {} : { packets: BigInt(keyLimitPackets) }),
  }
}
