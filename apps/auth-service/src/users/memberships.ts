import type { TenantSession, User } from '@sallyport/database'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'

/** Throws the 403 when the actor may not say who is in which group: a token may be allowed to change users only. */
export function refuseMemberships({ permissions }: Pick<Actor, 'permissions'>): void {
  if (permissions.has('groups.write')) return
  throw new ApiProblem(
    403,
    'not-allowed',
    'You may not say who is in which group; it needs the permission groups.write.',
  )
}

/** Puts a new user into groups; throws the 400 when one does not exist. */
export async function addToGroups(
  session: TenantSession,
  { tenantId, id: userId }: Pick<User, 'tenantId' | 'id'>,
  groupIds: readonly string[],
): Promise<void> {
  if (groupIds.length === 0) return
  // Held against a removal that happens at the same time.
  const found = await session.$queryRaw<{ id: string }[]>`
    SELECT id FROM groups WHERE tenant_id = ${tenantId}::uuid AND id = ANY(${groupIds}::uuid[]) FOR KEY SHARE`
  const missing = groupIds.find((groupId) => found.every(({ id }) => id !== groupId))
  if (missing !== undefined) {
    const issues = [{ path: 'groupIds', message: `there is no group ${missing}` }]
    throw new ApiProblem(400, 'bad-request', 'Some fields are missing or not valid.', issues)
  }
  const data = groupIds.map((groupId) => ({ tenantId, groupId, userId }))
  await session.groupMember.createMany({ data, skipDuplicates: true })
}

/** Makes these the only groups of a user; says whether that changed anything. */
export async function replaceGroups(
  session: TenantSession,
  user: Pick<User, 'tenantId' | 'id'>,
  groupIds: readonly string[],
): Promise<boolean> {
  const { tenantId, id: userId } = user
  const before = await session.groupMember.findMany({ where: { tenantId, userId }, select: { groupId: true } })
  const added = groupIds.filter((id) => before.every(({ groupId }) => groupId !== id))
  await addToGroups(session, user, added)
  const where = { tenantId, userId, groupId: { notIn: [...groupIds] } }
  const removed = await session.groupMember.deleteMany({ where })
  return added.length > 0 || removed.count > 0
}
