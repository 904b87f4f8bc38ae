import { Inject, Injectable } from '@nestjs/common'
import { Database, isUniqueViolation, type TenantSession } from '@sallyport/database'

import { recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { rulesOf } from '../policy/stored-policy.ts'
import { type CountedGroup, getGroup, listGroups, lockGroups } from './groups.repository.ts'
import {
  type ChangeGroupRequest,
  type CreateGroupRequest,
  GROUP_LIMIT,
  type GroupView,
  groupView,
  type ListGroupsQuery,
  type OrderGroupsRequest,
} from './groups.schemas.ts'

/** Beyond that it is no more work to look at everybody. */
const MANY_MEMBERS = 1000

/** The groups of a tenant and their order. */
@Injectable()
export class GroupsService {
  readonly #database: Database
  readonly #policy: PolicyService

  constructor(@Inject(Database) database: Database, @Inject(PolicyService) policy: PolicyService) {
    this.#database = database
    this.#policy = policy
  }

  async list({ tenantId }: Actor, query: ListGroupsQuery): Promise<Page<GroupView>> {
    const rows = await this.#database.withTenant(tenantId, (session) => listGroups(session, tenantId, query))
    return mapPage(
      pageOf(rows, query.limit, ({ position, id }) => [position, id]),
      viewOf,
    )
  }

  async get({ tenantId }: Actor, groupId: string): Promise<GroupView> {
    return viewOf(await this.#database.withTenant(tenantId, (session) => getGroup(session, tenantId, groupId)))
  }

  /** Makes an empty group that decides after all others. */
  async create(actor: Actor, { name }: CreateGroupRequest): Promise<GroupView> {
    const { tenantId } = actor
    const created = this.#database.withTenant(tenantId, async (session) => {
      await lockGroups(session, tenantId)
      const { _count: count, _max: max } = await session.group.aggregate({
        where: { tenantId },
        _count: true,
        _max: { position: true },
      })
      if (count >= GROUP_LIMIT) {
        throw new ApiProblem(409, 'too-many-groups', `There are ${String(GROUP_LIMIT)} groups; that is the most.`)
      }
      const { id } = await session.group.create({ data: { tenantId, name, position: (max.position ?? 0) + 1 } })
      await audit(session, actor, 'group.create', id)
      return getGroup(session, tenantId, id)
    })
    return viewOf(await created.catch(refuseTakenName(name)))
  }

  async change(actor: Actor, groupId: string, { name }: ChangeGroupRequest): Promise<GroupView> {
    const { tenantId } = actor
    const changed = this.#database.withTenant(tenantId, async (session) => {
      await getGroup(session, tenantId, groupId)
      const data = name === undefined ? {} : { name }
      await session.group.update({ where: { tenantId_id: { tenantId, id: groupId } }, data })
      await audit(session, actor, 'group.change', groupId)
      return getGroup(session, tenantId, groupId)
    })
    return viewOf(await changed.catch(refuseTakenName(name ?? '')))
  }

  /** Removes a group; what its policy allowed beyond the tenant's ends for its members at once. */
  async remove(actor: Actor, groupId: string): Promise<void> {
    const { tenantId } = actor
    const members = await this.#database.withTenant(tenantId, async (session) => {
      await lockGroups(session, tenantId)
      await getGroup(session, tenantId, groupId)
      const where = { tenantId, groupId }
      const found = await session.groupMember.findMany({ where, select: { userId: true } })
      await session.groupMember.deleteMany({ where })
      await session.group.delete({ where: { tenantId_id: { tenantId, id: groupId } } })
      await audit(session, actor, 'group.delete', groupId, { members: found.length })
      return found.map(({ userId }) => userId)
    })
    await this.#policy.afterChange(tenantId, members.length > MANY_MEMBERS ? 'all' : members)
  }

  /**
   * Sets the order of all groups; throws the 409 when the list is not exactly the groups that there are, or when the order
   * that the caller saw, if given, is not the stored one any more.
   */
  async order(actor: Actor, { groupIds, before }: OrderGroupsRequest): Promise<void> {
    const { tenantId } = actor
    await this.#database.withTenant(tenantId, async (session) => {
      await lockGroups(session, tenantId)
      const present = await session.group.findMany({
        where: { tenantId },
        select: { id: true },
        orderBy: [{ position: 'asc' }, { id: 'asc' }],
      })
      const wanted = new Set(groupIds)
      if (
        wanted.size !== groupIds.length ||
        wanted.size !== present.length ||
        present.some(({ id }) => !wanted.has(id))
      ) {
        throw new ApiProblem(409, 'groups-changed', 'The list must name every group once. Please load the groups anew.')
      }
      if (before !== undefined && before.join() !== present.map(({ id }) => id).join()) {
        throw new ApiProblem(409, 'changed-meanwhile', 'The order was changed meanwhile. Please load it and try again.')
      }
      for (const [index, id] of groupIds.entries()) {
        await session.group.update({ where: { tenantId_id: { tenantId, id } }, data: { position: index + 1 } })
      }
      const entry = { actor: actor.auditName, action: 'group.order', details: { groupIds } }
      await recordAudit(session, tenantId, entry)
    })
    await this.#policy.afterChange(tenantId, 'all')
  }
}

async function audit(
  session: TenantSession,
  actor: Actor,
  action: string,
  groupId: string,
  details?: Readonly<Record<string, unknown>>,
): Promise<void> {
  const entry = { actor: actor.auditName, action, target: `group:${groupId}` }
  await recordAudit(session, actor.tenantId, details === undefined ? entry : { ...entry, details })
}

function refuseTakenName(name: string): (error: unknown) => never {
  return (error) => {
    if (!isUniqueViolation(error)) throw error
    throw new ApiProblem(409, 'name-taken', `There is a group "${name}" already.`)
  }
}

function viewOf(group: CountedGroup): GroupView {
  const { id: groupId, name, position, createdAt } = group
  const { members } = group._count
  const policy = rulesOf(group.policy)
  return groupView.parse({ groupId, name, position, members, policy, createdAt: createdAt.toISOString() })
}
