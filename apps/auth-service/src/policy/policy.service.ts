import { Inject, Injectable } from '@nestjs/common'
import { Database, type Group, isUniqueViolation, type Policy, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { EffectivePolicy, MfaPolicy, MfaPolicyOverride } from '@sallyport/mfa-policy'

import { recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { LiveConnections } from './live-connections.ts'
import { combine, type Draft, findPolicy, groupsOf } from './policy.repository.ts'
import type {
  EffectivePolicyView,
  GroupPolicyView,
  PolicyOverride,
  PolicyView,
  SetPolicyRequest,
} from './policy.schemas.ts'
import { overrideAfter, overrideOf, policyOf, successorOf } from './stored-policy.ts'

/** The rules of a tenant and its groups: what they are, whom they concern, and what a change of them ends. */
@Injectable()
export class PolicyService {
  readonly #database: Database
  readonly #live: LiveConnections
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(LiveConnections) live: LiveConnections,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#live = live
    this.#clock = clock
  }

  /** Tells which rules hold for a user, and who decided each: the tenant or a group, named by its id. */
  effectiveFor(tenantId: string, userId: string): Promise<EffectivePolicy> {
    return this.#database.withTenant(tenantId, (session) => this.inSession(session, tenantId, userId))
  }

  /** The same within a transaction, with a draft in the place of what is stored if one is given. */
  async inSession(session: TenantSession, tenantId: string, userId: string, draft?: Draft): Promise<EffectivePolicy> {
    const [stored, groups] = [await findPolicy(session, tenantId), await groupsOf(session, tenantId, userId)]
    return combine(stored, groups, draft)
  }

  async get({ tenantId }: Actor): Promise<PolicyView> {
    return viewOf(await this.#database.withTenant(tenantId, (session) => findPolicy(session, tenantId)))
  }

  /** Shows what holds for one user. */
  async effective({ tenantId }: Actor, userId: string): Promise<EffectivePolicyView> {
    return this.#database.withTenant(tenantId, async (session) => {
      const user = await session.user.findUnique({ where: { tenantId_id: { tenantId, id: userId } } })
      if (user === null) throw notFound('user')
      const groups = await groupsOf(session, tenantId, userId)
      const { policy, sources } = combine(await findPolicy(session, tenantId), groups)
      return { userId, policy: shownRules(policy), sources: namedSources(sources, groups) }
    })
  }

  /** Sets the tenant's rules, unless somebody else did since they were read, and has them hold for live connections. */
  async set(actor: Actor, { policy, version }: SetPolicyRequest): Promise<PolicyView> {
    const { tenantId } = actor
    const updatedAt = new Date(this.#clock.now())
    const changed = await this.#database
      .withTenant(tenantId, async (session) => {
        const before = await findPolicy(session, tenantId)
        if ((before?.version ?? 0) !== version) throw changedMeanwhile()
        const wanted = successorOf(policyOf(before?.policy), policy, this.#clock.now())
        const data = { policy: { ...wanted, methods: [...wanted.methods] }, version: version + 1, updatedAt }
        if (before === null) await session.policy.create({ data: { tenantId, ...data } })
        else {
          const updated = await session.policy.updateMany({ where: { tenantId, version }, data })
          if (updated.count !== 1) throw changedMeanwhile()
        }
        await recordAudit(session, tenantId, {
          actor: actor.auditName,
          action: 'policy.set',
          details: { version: version + 1, changed: differences(policyOf(before?.policy), wanted) },
        })
        return findPolicy(session, tenantId)
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error) ? changedMeanwhile() : error
      })
    await this.afterChange(tenantId, 'all')
    return viewOf(changed)
  }

  /** Sets what a group says differently; an empty policy says nothing. */
  async setOfGroup(actor: Actor, groupId: string, policy: PolicyOverride): Promise<GroupPolicyView> {
    const { tenantId } = actor
    const members = await this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId_id: { tenantId, id: groupId } }
      const group = await session.group.findUnique({ where, include: { members: { select: { userId: true } } } })
      if (group === null) throw notFound('group')
      const before = overrideOf(group.policy)
      const wanted = overrideAfter(before, policy, this.#clock.now())
      await session.group.update({ where, data: { policy: { ...wanted } } })
      const details = { changed: differences(before, wanted) }
      await recordAudit(session, tenantId, {
        actor: actor.auditName,
        action: 'group.set-policy',
        target: `group:${groupId}`,
        details,
      })
      return group.members.map(({ userId }) => userId)
    })
    await this.afterChange(tenantId, members)
    return { groupId, policy }
  }

  /** Has the rules, as they are now, hold for the live connections of these users: they end, or their logins end at other times. */
  afterChange(tenantId: string, users: readonly string[] | 'all'): Promise<void> {
    return this.#live.applyRules(tenantId, users)
  }
}

function changedMeanwhile(): ApiProblem {
  return new ApiProblem(409, 'changed-meanwhile', 'The policy was changed meanwhile. Please load it and try again.')
}

/** The rules that differ, as they were and are; what is left out was or is not stated. */
function differences(
  before: MfaPolicyOverride,
  after: MfaPolicyOverride,
): Record<string, { from?: unknown; to?: unknown }> {
  const [old, changed] = [new Map(Object.entries(before)), new Map(Object.entries(after))]
  const names = [...new Set([...old.keys(), ...changed.keys()])]
  const differing = names.filter((name) => JSON.stringify(old.get(name)) !== JSON.stringify(changed.get(name)))
  return Object.fromEntries(differing.map((name) => [name, { from: old.get(name), to: changed.get(name) }]))
}

function viewOf(stored: Policy | null): PolicyView {
  const policy = shownRules(policyOf(stored?.policy))
  return { policy, version: stored?.version ?? 0, updatedAt: stored?.updatedAt.toISOString() ?? null }
}

/** A policy as it is shown: the beginning of the requirement as a date. */
export function shownRules({ requiredSinceMs, methods, ...rules }: MfaPolicy): PolicyView['policy'] {
  const requiredSince = requiredSinceMs === 0 ? null : new Date(requiredSinceMs).toISOString()
  return { ...rules, methods: [...methods], requiredSince }
}

/** Adds the names of the groups to who decided. */
export function namedSources(
  sources: EffectivePolicy['sources'],
  groups: readonly Group[],
): EffectivePolicyView['sources'] {
  const nameOf = (id: string): string => groups.find((group) => group.id === id)?.name ?? ''
  return Object.fromEntries(
    Object.entries(sources).map(([rule, source]) => [
      rule === 'requiredSinceMs' ? 'requiredSince' : rule,
      source === 'tenant' ? source : { groupId: source.group, name: nameOf(source.group) },
    ]),
  )
}
