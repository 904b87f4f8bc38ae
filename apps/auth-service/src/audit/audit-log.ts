import type { TenantSession } from '@sallyport/database'

/** What a line of the audit log tells beside its outcome: codes, numbers and addresses; no names, no secrets, no prose. */
export type AuditDetails = Readonly<Record<string, unknown>>

/** One line of a tenant's audit log. */
export interface AuditEntry {
  /** `user:<id>`, `token:<id>`, `device:<id>`, `service:<id>`, `operator`, or `anonymous` for a name that nobody has. */
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

/** An entry as it is stored; the database adds id, time and digest. */
export interface AuditColumns {
  readonly actor: string
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  readonly userId: string | null
  readonly details: string | null
}

/** Gives the columns of an entry. */
export function auditColumns({ actor, action, target, outcome, userId, details }: AuditEntry): AuditColumns {
  return {
    actor,
    action,
    target: target ?? null,
    outcome: outcome ?? 'ok',
    userId: userId ?? null,
    details: details === undefined ? null : JSON.stringify(details),
  }
}

/** Adds to the audit log in the transaction of what it tells about: either both happen or neither. */
export async function recordAudit(session: TenantSession, tenantId: string, entry: AuditEntry): Promise<void> {
  await session.auditEvent.create({ data: { tenantId, ...auditColumns(entry) }, select: { id: true } })
}

/** Adds many lines at once. */
export async function recordAudits(
  session: TenantSession,
  tenantId: string,
  entries: readonly AuditEntry[],
): Promise<void> {
  const data = entries.map((entry) => ({ tenantId, ...auditColumns(entry) }))
  await session.auditEvent.createMany({ data })
}
