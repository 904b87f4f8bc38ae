import type { TenantSession } from '@sallyport/database'

/** One line of a tenant's audit log. */
export interface AuditEntry {
  /** `user:<id>`, `device:<id>`, `service:<id>` or `operator`. */
  readonly actor: string
  /** `<noun>.<verb>`, for example `device.revoke`. */
  readonly action: string
  readonly target?: string
  /** `ok`, or the code of the refusal. */
  readonly outcome?: string
}

/** Adds to the audit log in the transaction of what it tells about: either both happen or neither. */
export async function recordAudit(session: TenantSession, tenantId: string, entry: AuditEntry): Promise<void> {
  const { actor, action, target = null, outcome = 'ok' } = entry
  await session.auditEvent.create({ data: { tenantId, actor, action, target, outcome }, select: { id: true } })
}
