import type { AuditDetails } from '../audit/audit-log.ts'
import type { ShownUser, UserChange } from './users.repository.ts'
import type { ChangeUserRequest } from './users.schemas.ts'

/** Gives the columns that a request changes; somebody who is disabled already stays so since then. */
export function columnsOf(user: ShownUser, request: ChangeUserRequest, now: Date): UserChange {
  const { displayName, email, role, disabled } = request
  return {
    ...(displayName === undefined ? {} : { displayName }),
    ...(email === undefined ? {} : { email }),
    ...(role === undefined ? {} : { role }),
    ...(disabled === undefined ? {} : { disabledAt: disabled ? (user.disabledAt ?? now) : null }),
  }
}

/** Tells the audit log what a request changes: names of fields, and values only where they name nobody. */
export function changesOf(
  user: ShownUser,
  request: ChangeUserRequest,
  regrouped: boolean,
): { readonly action: string; readonly details: AuditDetails } {
  const { displayName, email, role, disabled } = request
  const changed = [
    ...(displayName === undefined || displayName === user.displayName ? [] : ['displayName']),
    ...(email === undefined || email === user.email ? [] : ['email']),
    ...(role === undefined || role === user.role ? [] : ['role']),
    ...(regrouped ? ['groups'] : []),
  ]
  const roles = changed.includes('role') ? { role: { from: user.role, to: role } } : {}
  const groups = regrouped ? { groupIds: request.groupIds } : {}
  const action = disabled === undefined ? 'user.change' : disabled ? 'user.disable' : 'user.enable'
  return { action, details: { changed, ...roles, ...groups } }
}
