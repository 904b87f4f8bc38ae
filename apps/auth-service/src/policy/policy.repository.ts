import type { Group, Policy, TenantSession } from '@sallyport/database'
import { type EffectivePolicy, effectivePolicy, type MfaPolicy } from '@sallyport/mfa-policy'

import { overrideOf, policyOf } from './stored-policy.ts'

/** Gives a tenant's own policy row, if it has one. */
export function findPolicy(session: TenantSession, tenantId: string): Promise<Policy | null> {
  return session.policy.findUnique({ where: { tenantId } })
}

/** Gives the groups of a user, the one that decides first at the beginning. */
export async function groupsOf(session: TenantSession, tenantId: string, userId: string): Promise<Group[]> {
  const memberships = await session.groupMember.findMany({
    where: { tenantId, userId },
    include: { group: true },
    orderBy: [{ group: { position: 'asc' } }, { groupId: 'asc' }],
  })
  return memberships.map(({ group }) => group)
}

/** What is put in the place of what is stored, to see what would happen. */
export interface Draft {
  readonly tenant?: MfaPolicy
  /** By the group's id. */
  readonly groups?: ReadonlyMap<string, unknown>
}

/** Tells what holds for somebody who is in these groups; groups are named by their ids. */
export function combine(stored: Policy | null, groups: readonly Group[], draft: Draft = {}): EffectivePolicy {
  const overrides = groups.map(({ id, policy }) => ({ group: id, policy: overrideOf(draft.groups?.get(id) ?? policy) }))
  return effectivePolicy(draft.tenant ?? policyOf(stored?.policy), overrides)
}
