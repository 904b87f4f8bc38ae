import type { Role, User } from './people.ts'

/** What matters first about whether a user can come in. */
export type UserState = 'disabled' | 'locked' | 'invited' | 'password-change' | 'enabled'

/** Names the state of a user; the first that holds is told. */
export function stateOf(
  user: Pick<User, 'disabled' | 'lockedUntil' | 'hasPassword' | 'mustChangePassword'>,
): UserState {
  if (user.disabled) return 'disabled'
  if (user.lockedUntil !== null) return 'locked'
  if (!user.hasPassword) return 'invited'
  return user.mustChangePassword ? 'password-change' : 'enabled'
}

const TENANT_ROLES = ['user', 'auditor', 'administrator'] as const
const PLATFORM_ROLES = ['user', 'auditor', 'operator'] as const

/** Lists the roles that somebody of this role can give, the least first: operators are the platform's administrators. */
export function rolesToGive(own: Role): readonly Role[] {
  return own === 'operator' ? PLATFORM_ROLES : TENANT_ROLES
}
