import { NOT_EQUIPPED_MESSAGES, type NotEquippedCode } from '@sallyport/contracts'
import type { Connection } from '@sallyport/database'

import type { AuditEntry } from '../audit/audit-log.ts'

/** Whether a node ended a connection because it had no tunnel for it; of one that stood, the same is no refusal. */
export function isNotEquipped(code: string | null | undefined): code is NotEquippedCode {
  return typeof code === 'string' && Object.hasOwn(NOT_EQUIPPED_MESSAGES, code)
}

/** How the audit log names a connection: an attempt that was allowed, and what its node made of it, have the same target. */
export function connectionTarget(connectionId: string): string {
  return `connection:${connectionId}`
}

/** The line about an attempt that was allowed and then refused by its node: nobody was let in. */
export function notEquippedEntry(
  connection: Pick<Connection, 'id' | 'userId' | 'deviceId' | 'serviceId' | 'remoteAddress' | 'transport'>,
  code: NotEquippedCode,
): AuditEntry {
  const { id, userId, deviceId, serviceId, remoteAddress: source, transport } = connection
  const checks = [{ check: 'equipment', outcome: 'failed', detail: code }]
  return {
    actor: `device:${deviceId}`,
    action: 'connection.authorise',
    target: connectionTarget(id),
    outcome: code,
    userId,
    details: { checks, source, transport, deviceId, serviceId },
  }
}
