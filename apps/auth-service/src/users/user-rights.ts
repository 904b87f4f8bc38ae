import type { TenantSession } from '@sallyport/database'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { isRoleOf, permissionsOf, type Role, roleOf, ROLES } from '../http/permissions.ts'

/** Roles whose users can bring everybody else back. */
const ADMINISTRATORS = ROLES.filter((role) => permissionsOf(role).has('users.write'))

/**
 * Says whether the actor may manage users of this role: not of one that may do more than they. What everybody may do with
 * their own account counts for nobody, so that a token with `users.write` alone manages plain users.
 */
export function mayManage(actor: Pick<Actor, 'permissions'>, role: Role): boolean {
  return [...permissionsOf(role)].every((name) => name.startsWith('self.') || actor.permissions.has(name))
}

/** Throws the 403 when the user may do more than the actor. */
export function refuseGreater(
  actor: Pick<Actor, 'permissions'>,
  user: { readonly role: string; readonly tenant: { readonly isPlatform: boolean } },
): void {
  if (mayManage(actor, roleOf(user, user.tenant))) return
  throw new ApiProblem(403, 'not-allowed', 'This user may do more than you. Please ask somebody who may do the same.')
}

/** Throws the 403 when the role may do more than the actor, or is not of this tenant. */
export function refuseGreaterRole(actor: Pick<Actor, 'permissions'>, role: Role, isPlatform: boolean): void {
  if (isRoleOf(role, { isPlatform }) && mayManage(actor, role)) return
  throw new ApiProblem(
    403,
    'not-allowed',
    `You cannot give the role "${role}": it may do more than you, or there is none here.`,
  )
}

/** Throws the 409 when it is the actor's own account. */
export function refuseOwn(actor: Actor, userId: string, what: string): void {
  if (userId === actor.userId) throw new ApiProblem(409, 'own-account', `You cannot ${what} your own account.`)
}

/** Lets no two transactions take administrators away from a tenant at once; call it before reading who there is. */
export async function lockAdministrators(session: TenantSession, tenantId: string): Promise<void> {
  await session.$queryRaw`SELECT 1 AS locked FROM tenants WHERE id = ${tenantId}::uuid FOR NO KEY UPDATE`
}

/** Throws the 409, which undoes the transaction, when a tenant is left without an administrator who can sign in. */
export async function refuseLastAdministrator(session: TenantSession, tenantId: string): Promise<void> {
  const left = await session.user.count({ where: { tenantId, disabledAt: null, role: { in: ADMINISTRATORS } } })
  if (left > 0) return
  throw new ApiProblem(
    409,
    'last-administrator',
    'This is the last enabled administrator. Please make somebody else an administrator first.',
  )
}
