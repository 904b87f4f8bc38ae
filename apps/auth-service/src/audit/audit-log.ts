import type { TenantSession } from '@sallyport/database'

/** What a line of the audit log tells beside its outcome: codes, numbers and addresses; no names, no secrets, no prose. */
export type AuditDetails = Readonly<Record<string, unknown>>

/** One line of a tenant's audit log. */
export interface AuditEntry {
  /** `user:<id>`, `token:<id>`, `device:<id>`, `service:<id>` or `operator`. */
  readonly actor: string
  /** `<noun>.<verb>`, for example `device.revoke`. */
  readonly action: string
  readonly target?: string
  /** `ok`, or the code of the refusal. */
  readonly outcome?: string
  /** Whom it is about: their details are erased with them. */
  readonly userId?: string
  readonly details?: AuditDetails
}

/** Adds to the audit log in the transaction of what it tells about: either both happen or neither. */
export async function recordAudit(session: TenantSession, tenantId: string, entry: AuditEntry): Promise<void> {
  const { actor, action, target = null, outcome = 'ok', userId = null, details } = entry
  const text = details === undefined ? null : JSON.stringify(details)
  const data = { tenantId, actor, action, target, outcome, userId, details: text }
  await session.auditEvent.create({ data, select: { id: true } })
}
