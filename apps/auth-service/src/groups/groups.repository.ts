import type { Group, GroupMember, TenantSession, User } from '@sallyport/database'

import { notFound } from '../http/api-problem.ts'
import { containing } from '../http/containing.ts'
import type { ListGroupsQuery, ListMembersQuery } from './groups.schemas.ts'

/** A group with how many are in it. */
export type CountedGroup = Group & { readonly _count: { readonly members: number } }
/** Somebody in a group. */
export type Member = GroupMember & { readonly user: User }

const COUNTED = { _count: { select: { members: true } } } as const

/** Gives the groups in their order, one more than asked for. */
export function listGroups(session: TenantSession, tenantId: string, query: ListGroupsQuery): Promise<CountedGroup[]> {
  const { search, after, limit } = query
  const [position, id] = after ?? []
  return session.group.findMany({
    where: {
      tenantId,
      ...(search === undefined || search === '' ? {} : { name: containing(search) }),
      ...(position === undefined || id === undefined
        ? {}
        : { OR: [{ position: { gt: position } }, { position, id: { gt: id } }] }),
    },
    include: COUNTED,
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
    take: limit + 1,
  })
}

/** Throws the 404 when the tenant has no such group. */
export async function getGroup(session: TenantSession, tenantId: string, id: string): Promise<CountedGroup> {
  const group = await session.group.findUnique({ where: { tenantId_id: { tenantId, id } }, include: COUNTED })
  if (group === null) throw notFound('group')
  return group
}

/** Gives the members of a group by name, one more than asked for. */
export function listMembers(
  session: TenantSession,
  { tenantId, id: groupId }: Pick<Group, 'tenantId' | 'id'>,
  { search, after, limit }: ListMembersQuery,
): Promise<Member[]> {
  const username = {
    ...(after === undefined ? {} : { gt: after }),
    ...(search === undefined || search === '' ? {} : containing(search)),
  }
  return session.groupMember.findMany({
    where: { tenantId, groupId, user: { username } },
    include: { user: true },
    orderBy: { user: { username: 'asc' } },
    take: limit + 1,
  })
}

/** Lets only one transaction at a time change which groups a tenant has and their order. */
export async function lockGroups(session: TenantSession, tenantId: string): Promise<void> {
  await session.$queryRaw`SELECT 1 AS locked FROM tenants WHERE id = ${tenantId}::uuid FOR NO KEY UPDATE`
}
