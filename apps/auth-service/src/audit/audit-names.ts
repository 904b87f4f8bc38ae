import type { TenantSession } from '@sallyport/database'

/** What an event names by its id. */
interface NamingEvent {
  readonly actor: string
  readonly target: string | null
  readonly userId: string | null
}

/** What something in the log is called now, by how it stands there: `<kind>:<id>`. */
export type Names = ReadonlyMap<string, string>

const REFERENCE = /^([a-z-]+):([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Gathers what some events name, each once, by kind. */
export function idsIn(events: readonly NamingEvent[]): ReadonlyMap<string, readonly string[]> {
  const references = new Set(
    events.flatMap(({ actor, target, userId }) => [actor, target, userId === null ? null : `user:${userId}`]),
  )
  const ids = new Map<string, string[]>()
  for (const reference of references) {
    const [, kind, id] = REFERENCE.exec(reference ?? '') ?? []
    if (kind !== undefined && id !== undefined) ids.set(kind, [...(ids.get(kind) ?? []), id])
  }
  return ids
}

/** Gives the present names of what some events name; what is gone, or belongs to another tenant, has none. */
export async function namesOf(
  session: TenantSession,
  tenantId: string,
  events: readonly NamingEvent[],
): Promise<Names> {
  const ids = idsIn(events)
  const of = (kind: string): readonly string[] => ids.get(kind) ?? []
  const rows = await session.$queryRaw<{ reference: string; name: string }[]>`
    SELECT 'user:' || id AS reference, username AS name FROM users
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${of('user')}::uuid[])
    UNION ALL SELECT 'device:' || id, name FROM devices
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${of('device')}::uuid[])
    UNION ALL SELECT 'group:' || id, name FROM groups
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${of('group')}::uuid[])
    UNION ALL SELECT 'network:' || id, name FROM networks
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${of('network')}::uuid[])
    UNION ALL SELECT 'token:' || id, name FROM api_tokens
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${of('token')}::uuid[])
    UNION ALL SELECT 'passkey:' || id, name FROM passkeys
      WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${of('passkey')}::uuid[])
    UNION ALL SELECT 'connection:' || known.id, device.name FROM connections known
      JOIN devices device ON device.tenant_id = known.tenant_id AND device.id = known.device_id
      WHERE known.tenant_id = ${tenantId}::uuid AND known.id = ANY(${of('connection')}::uuid[])`
  return new Map(rows.map(({ reference, name }) => [reference, name]))
}
