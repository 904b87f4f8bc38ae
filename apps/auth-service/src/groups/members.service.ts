import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'

import { recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { addToGroups } from '../users/memberships.ts'
import { userEntryOf } from '../users/user-audit.ts'
import { refuseGreater } from '../users/user-rights.ts'
import { getUser } from '../users/users.repository.ts'
import { getGroup, listMembers, type Member } from './groups.repository.ts'
import type { ListMembersQuery, MemberView } from './groups.schemas.ts'

/** Who is in which group. */
@Injectable()
export class MembersService {
  readonly #database: Database
  readonly #policy: PolicyService

  constructor(@Inject(Database) database: Database, @Inject(PolicyService) policy: PolicyService) {
    this.#database = database
    this.#policy = policy
  }

  async list({ tenantId }: Actor, groupId: string, query: ListMembersQuery): Promise<Page<MemberView>> {
    const rows = await this.#database.withTenant(tenantId, async (session) =>
      listMembers(session, await getGroup(session, tenantId, groupId), query),
    )
    return mapPage(
      pageOf(rows, query.limit, ({ user }) => user.username),
      viewOf,
    )
  }

  /** Puts a user into a group; nothing happens when they are in it. */
  async add(actor: Actor, groupId: string, userId: string): Promise<void> {
    await this.#change(actor, groupId, userId, async (session) => {
      const { tenantId } = actor
      const where = { tenantId_groupId_userId: { tenantId, groupId, userId } }
      if ((await session.groupMember.findUnique({ where })) !== null) return false
      await addToGroups(session, { tenantId, id: userId }, [groupId])
      const entry = userEntryOf(actor, 'group.add-member', userId, { groupId })
      await recordAudit(session, tenantId, entry)
      return true
    })
  }

  /** Takes a user out of a group; nothing happens when they are not in it. */
  async remove(actor: Actor, groupId: string, userId: string): Promise<void> {
    await this.#change(actor, groupId, userId, async (session) => {
      const { tenantId } = actor
      const removed = await session.groupMember.deleteMany({ where: { tenantId, groupId, userId } })
      if (removed.count === 0) return false
      const entry = userEntryOf(actor, 'group.remove-member', userId, { groupId })
      await recordAudit(session, tenantId, entry)
      return true
    })
  }

  async #change(
    actor: Actor,
    groupId: string,
    userId: string,
    work: (session: TenantSession) => Promise<boolean>,
  ): Promise<void> {
    const { tenantId } = actor
    const changed = await this.#database.withTenant(tenantId, async (session) => {
      await getGroup(session, tenantId, groupId)
      refuseGreater(actor, await getUser(session, tenantId, userId))
      return work(session)
    })
    if (changed) await this.#policy.afterChange(tenantId, [userId])
  }
}

function viewOf({ userId, createdAt, user }: Member): MemberView {
  const { username, displayName, disabledAt } = user
  return { userId, username, displayName, disabled: disabledAt !== null, since: createdAt.toISOString() }
}
