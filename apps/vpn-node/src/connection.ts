import type { ConnectionGrant, EndedReport, EstablishedReport, Lease } from '@sallyport/contracts'
import { describeError, SallyportError } from '@sallyport/foundation'
import type { SessionAction } from '@sallyport/openvpn-session'
import type { EndPoint, PacketEngine, PeerStatistics } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import type { LeaseKeeper } from './lease-keeper.ts'
import type { PeerIds } from './peer-ids.ts'
import { pushOptions } from './push-options.ts'

/** How auth-service hears of connections; delivery is best effort, the regular sync repairs the rest. */
export interface ConnectionReports {
  established(connectionId: string, report: EstablishedReport): void
  ended(connectionId: string, report: EndedReport): void
  /** Waits, not for long, until what was reported has arrived. */
  flush(): Promise<void>
}

export interface ConnectionServices {
  readonly engine: PacketEngine
  readonly peerIds: PeerIds
  readonly leases: LeaseKeeper
  readonly reports: ConnectionReports
  readonly log: Logger
}

/** A granted connection: its peer in the packet engine, its lease, its entry at auth-service. */
export class Connection {
  readonly peerId: number
  readonly pushOptions: readonly string[]
  readonly lease: Lease
  readonly #services: ConnectionServices
  #grant: ConnectionGrant
  #closed = false

  constructor(peerId: number, grant: ConnectionGrant, lease: Lease, services: ConnectionServices) {
    this.peerId = peerId
    this.lease = lease
    this.pushOptions = pushOptions(grant, lease)
    this.#grant = grant
    this.#services = services
  }

  get grant(): ConnectionGrant {
    return this.#grant
  }

  /** New token and end of session after a renegotiation; the rest of the terms was pushed once and stays. */
  renew({ sessionToken, sessionEndsAt }: ConnectionGrant): void {
    this.#grant = { ...this.#grant, sessionToken, sessionEndsAt }
  }

  /** Hands keys to the engine and wipes the copies. */
  installKeys({ keyId, slot, keys }: SessionAction & { type: 'install-keys' }): void {
    this.#services.engine.setKey({ peerId: this.peerId, slot, keyId, ...keys })
    for (const buffer of [keys.sealKey, keys.sealIv, keys.openKey, keys.openIv]) buffer.fill(0)
  }

  swapKeys(): void {
    this.#services.engine.swapKeys(this.peerId)
  }

  /** The client has its PUSH_REPLY: dead-peer detection begins. */
  establish(cipher: string): void {
    const { pingSeconds, pingRestartSeconds } = this.#grant.keepalive
    // The server waits twice as long, so that the client notices first and comes back by itself.
    this.#services.engine.setKeepalive(this.peerId, {
      intervalSeconds: pingSeconds,
      timeoutSeconds: 2 * pingRestartSeconds,
    })
    const { ipv4, ipv6 } = this.lease
    this.#services.reports.established(this.#grant.connectionId, { ipv4, ipv6, cipher })
  }

  /** Takes the peer out of the engine at once, then gives the addresses back and reports the end. */
  close(reason: string): void {
    if (this.#closed) return
    this.#closed = true
    const { engine, peerIds, leases, reports, log } = this.#services
    const { connectionId } = this.#grant
    let statistics: Pick<PeerStatistics, 'receivedBytes' | 'sentBytes'> = { receivedBytes: 0n, sentBytes: 0n }
    try {
      statistics = engine.statistics(this.peerId)
      engine.deletePeer(this.peerId)
    } catch (error) {
      log.error({ connectionId, err: describeError(error) }, 'peer not deleted')
    }
    peerIds.free(this.peerId)
    void leases.release(connectionId)
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
  remote: EndPoint,
  services: ConnectionServices,
): Connection {
  const peerId = services.peerIds.allocate()
  if (peerId === undefined) throw new SallyportError('no-peer-id', 'every peer-id of this node is in use')
  try {
    const connection = new Connection(peerId, grant, lease, services)
    services.engine.addPeer({ peerId, network, remote, ipv4: lease.ipv4, ipv6: lease.ipv6 ?? undefined })
    return connection
  } catch (error) {
    services.peerIds.free(peerId)
    throw error
  }
}
