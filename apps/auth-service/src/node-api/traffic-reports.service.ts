import { Inject, Injectable } from '@nestjs/common'
import type { TrafficReport } from '@sallyport/contracts'
import { Database } from '@sallyport/database'

import { Changes } from '../events/changes.ts'

/** Where more people than this are concerned, everybody's page is asked to look. */
const MAX_NAMED_USERS = 100

type Traffic = TrafficReport['connections'][number]

/** Notes how much live connections have moved so far. */
@Injectable()
export class TrafficReportsService {
  readonly #database: Database
  readonly #changes: Changes

  constructor(@Inject(Database) database: Database, @Inject(Changes) changes: Changes) {
    this.#database = database
    this.#changes = changes
  }

  /** Connections that are not the node's, or gone, are passed over. */
  async take(serviceId: string, reports: readonly Traffic[]): Promise<void> {
    const connectionIds = reports.map(({ connectionId }) => connectionId)
    const live = await this.#database.platform.liveConnection.findMany({
      where: { serviceId, connectionId: { in: connectionIds } },
      select: { connectionId: true, tenantId: true },
    })
    const tenantOf = new Map(live.map(({ connectionId, tenantId }) => [connectionId, tenantId]))
    const byTenant = Map.groupBy(reports, ({ connectionId }) => tenantOf.get(connectionId))
    for (const [tenantId, ofTenant] of byTenant)
      if (tenantId !== undefined) this.#announce(tenantId, await this.#note(tenantId, ofTenant))
  }

  /**
   * Gives the users whose connections have moved something. A row that somebody else works on is passed over, so that
   * this waits for nobody; its connection is reported again when it moves on.
   */
  async #note(tenantId: string, reports: readonly Traffic[]): Promise<string[]> {
    const ids = reports.map(({ connectionId }) => connectionId)
    const received = reports.map(({ receivedBytes }) => receivedBytes)
    const sent = reports.map(({ sentBytes }) => sentBytes)
    const rows = await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw<{ userId: string }[]>`
        WITH told AS (
          SELECT * FROM unnest(${ids}::uuid[], ${received}::bigint[], ${sent}::bigint[]) AS t (id, received, sent)
        ), live AS (
          SELECT id FROM connections
          WHERE tenant_id = ${tenantId}::uuid AND id = ANY (${ids}::uuid[]) AND ended_at IS NULL
          FOR NO KEY UPDATE SKIP LOCKED
        ), changed AS (
          UPDATE connections known SET received_bytes = told.received, sent_bytes = told.sent
          FROM told JOIN live USING (id)
          WHERE known.tenant_id = ${tenantId}::uuid AND known.id = told.id
          RETURNING known.user_id
        )
        SELECT DISTINCT user_id::text AS "userId" FROM changed`,
    )
    return rows.map(({ userId }) => userId)
  }

  #announce(tenantId: string, userIds: readonly string[]): void {
    if (userIds.length === 0) return
    this.#changes.announce(tenantId, ['connections'])
    if (userIds.length > MAX_NAMED_USERS) this.#changes.announce(tenantId, ['own-connections'])
    else for (const userId of userIds) this.#changes.announce(tenantId, ['own-connections'], userId)
  }
}
