import type { TenantSession } from '@sallyport/database'

/** Which of a tenant's connections are meant. */
export type WhichConnections = NonNullable<NonNullable<Parameters<TenantSession['connection']['findMany']>[0]>['where']>

/**
 * Locks connections of a tenant in the one order in which everybody locks more than one: by device, then by id, as renewals
 * are noted together (`note_connections`). In any other, two transactions could wait for each other. For the same reason
 * whoever locks rows above them as well does that before: tenant, user, device, connections.
 */
export async function lockInOrder(session: TenantSession, tenantId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return
  await session.$queryRaw`
    SELECT id FROM connections WHERE tenant_id = ${tenantId}::uuid AND id = ANY (${ids}::uuid[])
    ORDER BY device_id, id FOR NO KEY UPDATE`
}

/** Locks the live connections of these that nobody wants ended, in that order; gives their ids. */
export async function lockLive(session: TenantSession, tenantId: string, which: WhichConnections): Promise<string[]> {
  const where = { ...which, tenantId, endedAt: null, endRequestedAt: null }
  const ids = (await session.connection.findMany({ where, select: { id: true } })).map(({ id }) => id)
  await lockInOrder(session, tenantId, ids)
  return ids
}

/** Marks connections to be ended, and gives the ids of those that were live and not marked yet. */
export async function requestEnds(
  session: TenantSession,
  tenantId: string,
  which: WhichConnections,
  endRequestedAt: Date,
): Promise<string[]> {
  const ids = await lockLive(session, tenantId, which)
  if (ids.length === 0) return []
  const marked = await session.$queryRaw<{ id: string }[]>`
    UPDATE connections SET end_requested_at = ${endRequestedAt.toISOString()}::timestamptz
    WHERE tenant_id = ${tenantId}::uuid AND id = ANY (${ids}::uuid[]) AND ended_at IS NULL AND end_requested_at IS NULL
    RETURNING id`
  return marked.map(({ id }) => id)
}
