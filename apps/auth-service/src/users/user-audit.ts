import type { AuditDetails, AuditEntry } from '../audit/audit-log.ts'
import type { PlatformActor } from '../http/access.ts'

/** Writes the line of the audit log about something done to a user. */
export function userEntryOf(
  actor: PlatformActor,
  action: string,
  userId: string,
  details?: AuditDetails,
): AuditEntry & { readonly userId: string } {
  const entry = { actor: actor.auditName, action, target: `user:${userId}`, userId }
  return details === undefined ? entry : { ...entry, details }
}
