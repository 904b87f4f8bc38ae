import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'

import type { Actor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { ConnectionsRepository } from './connections.repository.ts'
import type { CaptureRequest, CaptureView, ConnectionView } from './connections.schemas.ts'

/** A node synchronises every 15 s; of one that does not, nobody knows what it carries. */
const NODE_AWAY_AFTER_MS = 60_000

/** What administrators see of VPN connections and do with them. */
@Injectable()
export class ConnectionsService {
  readonly #connections: ConnectionsRepository
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(ConnectionsRepository) connections: ConnectionsRepository,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#connections = connections
    this.#orders = orders
    this.#clock = clock
  }

  async list({ tenantId }: Actor): Promise<ConnectionView[]> {
    const heardSince = new Date(this.#clock.now() - NODE_AWAY_AFTER_MS)
    const rows = await this.#connections.list(tenantId, heardSince)
    return rows.map((row) => ({
      connectionId: row.id,
      userId: row.userId,
      username: row.user.username,
      deviceId: row.deviceId,
      deviceName: row.device.name,
      networkId: row.networkId,
      node: row.service.name,
      transport: row.transport === 'tcp' ? 'tcp' : 'udp',
      remote: `${row.remoteAddress}:${String(row.remotePort)}`,
      ipv4: row.ipv4,
      ipv6: row.ipv6,
      cipher: row.cipher,
      authorisedAt: row.authorisedAt.toISOString(),
      establishedAt: row.establishedAt?.toISOString() ?? null,
      endedAt: row.endedAt?.toISOString() ?? null,
      endReason: row.endReason,
      receivedBytes: String(row.receivedBytes),
      sentBytes: String(row.sentBytes),
    }))
  }

  async end({ tenantId, userId }: Actor, connectionId: string): Promise<void> {
    const entry = { actor: `user:${userId}`, action: 'connection.end', target: `connection:${connectionId}` }
    const at = new Date(this.#clock.now())
    if (!(await this.#connections.requestEnd(tenantId, connectionId, at, entry))) throw notFound('connection')
    this.#orders.publish({ type: 'revoked', tenantId, connectionId, ...ENDINGS.connectionEnded })
  }

  /** Asks the connection's node for a capture; the file stays on the node, where an operator fetches it. */
  async capture({ tenantId, userId }: Actor, connectionId: string, request: CaptureRequest): Promise<CaptureView> {
    const captureId = randomUUID()
    const action = `connection.capture-${request.side}`
    const entry = { actor: `user:${userId}`, action, target: `connection:${connectionId}` }
    const service = await this.#connections.carrierOf(tenantId, connectionId, entry)
    if (service === undefined) throw notFound('connection')
    this.#orders.publish({ type: 'capture', captureId, connectionId, ...request }, service.id)
    return { captureId, node: service.name, fileName: `${captureId}.pcapng` }
  }
}
