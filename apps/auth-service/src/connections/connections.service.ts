import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'

import type { Actor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { mapPage, type Page, pageOf, writeCursor } from '../http/page.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { type ConnectionPosition, type NamedConnection, positionOf } from './connection-list.ts'
import { ConnectionsRepository } from './connections.repository.ts'
import type { CaptureRequest, CaptureView, ConnectionView, ListConnectionsQuery } from './connections.schemas.ts'
import { NODE_AWAY_AFTER_MS } from './counted-connections.ts'

/** Statements that one answer of a list with rare matches may take. */
const SCANS = 5

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

  /** Gives connections newest first; a page may hold fewer than asked for, and is the last one only when `next` is null. */
  async list({ tenantId }: Actor, query: ListConnectionsQuery): Promise<Page<ConnectionView>> {
    const { limit, after, ...filter } = query
    const heardSince = new Date(this.#clock.now() - NODE_AWAY_AFTER_MS)
    const rows: NamedConnection[] = []
    let place: ConnectionPosition | undefined = after
    for (let scan = 0; scan < SCANS; scan += 1) {
      const part = { ...filter, limit: limit - rows.length, ...(place === undefined ? {} : { after: place }) }
      const found = await this.#connections.list(tenantId, heardSince, part)
      rows.push(...found.rows)
      place = found.scannedTo
      if (place === undefined || rows.length > limit) break
    }
    const page = mapPage(pageOf(rows, limit, positionOf), viewOf)
    return page.next === null && place !== undefined ? { ...page, next: writeCursor(place) } : page
  }

  end(actor: Actor, connectionId: string): Promise<void> {
    return this.#end(actor, connectionId)
  }

  /** The same for a connection of the caller; any other is not there. */
  endOwn(actor: Actor, connectionId: string): Promise<void> {
    return this.#end(actor, connectionId, actor.userId)
  }

  async #end({ tenantId, auditName: actor }: Actor, connectionId: string, ofUserId?: string): Promise<void> {
    const entry = { actor, action: 'connection.end', target: `connection:${connectionId}` }
    const at = new Date(this.#clock.now())
    const isMarked = await this.#connections.requestEnd(tenantId, connectionId, at, entry, ofUserId)
    if (!isMarked) throw notFound('connection')
    this.#orders.publish({ type: 'revoked', tenantId, connectionId, ...ENDINGS.connectionEnded })
  }

  /** Asks the connection's node for a capture; the file stays on the node, where an operator fetches it. */
  async capture(
    { tenantId, auditName: actor }: Actor,
    connectionId: string,
    request: CaptureRequest,
  ): Promise<CaptureView> {
    const captureId = randomUUID()
    const action = `connection.capture-${request.side}`
    const details = { captureId, seconds: request.seconds, maxBytes: request.maxBytes }
    const entry = { actor, action, target: `connection:${connectionId}`, details }
    const service = await this.#connections.carrierOf(tenantId, connectionId, entry)
    if (service === undefined) throw notFound('connection')
    this.#orders.publish({ type: 'capture', captureId, connectionId, ...request }, service.id)
    return { captureId, node: service.name, fileName: `${captureId}.pcapng` }
  }
}

function viewOf(row: NamedConnection): ConnectionView {
  return {
    connectionId: row.id,
    userId: row.userId,
    username: row.user.username,
    deviceId: row.deviceId,
    deviceName: row.device.name,
    networkId: row.networkId,
    networkName: row.network.name,
    node: row.service.name,
    transport: row.transport === 'tcp' ? 'tcp' : 'udp',
    remote: `${row.remoteAddress}:${String(row.remotePort)}`,
    ipv4: row.ipv4,
    ipv6: row.ipv6,
    cipher: row.cipher,
    live: row.endedAt === null,
    authorisedAt: row.authorisedAt.toISOString(),
    establishedAt: row.establishedAt?.toISOString() ?? null,
    sessionEndsAt: row.endsAt?.toISOString() ?? null,
    endedAt: row.endedAt?.toISOString() ?? null,
    endReason: row.endReason,
    receivedBytes: String(row.receivedBytes),
    sentBytes: String(row.sentBytes),
  }
}
