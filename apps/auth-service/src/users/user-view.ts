import { factorMethods } from '../factors/factors.ts'
import { roleOf } from '../http/permissions.ts'
import type { ShownUser } from './users.repository.ts'
import type { UserView } from './users.schemas.ts'

/** Writes a user as administrators see them; `lockedUntilMs` is 0 when they need not wait. */
export function userViewOf(user: ShownUser, lockedUntilMs: number): UserView {
  return {
    userId: user.id,
    username: user.username,
    displayName: user.displayName,
    email: user.email,
    role: roleOf(user, user.tenant),
    disabled: user.disabledAt !== null,
    hasPassword: user.passwordHash !== null,
    mustChangePassword: user.passwordHash !== null && user.oneTimePassword,
    factors: factorsOf(user),
    groups: user.memberships.map(({ group }) => ({ groupId: group.id, name: group.name })),
    lockedUntil: lockedUntilMs === 0 ? null : new Date(lockedUntilMs).toISOString(),
    lastSignInAt: user.lastSignInAt?.toISOString() ?? null,
    createdAt: user.createdAt.toISOString(),
  }
}

function factorsOf({ totpConfirmedAt, _count }: ShownUser): UserView['factors'] {
  const hasTotp = totpConfirmedAt !== null
  return [...factorMethods({ hasTotp, hasPasskey: _count.passkeys > 0, hasRecoveryCode: _count.recoveryCodes > 0 })]
}
