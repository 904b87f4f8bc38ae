import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { Decision, MfaPolicy, MfaPolicyOverride } from '@sallyport/mfa-policy'

import { countedConnections } from '../connections/counted-connections.ts'
import { Factors } from '../factors/factors.ts'
import { Geoip } from '../geoip/geoip.ts'
import type { Actor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { type Present, supposedDecision } from './dry-run.ts'
import { combine, type Draft, findPolicy, groupsOf } from './policy.repository.ts'
import type { DryRunRequest, DryRunView } from './policy.schemas.ts'
import { namedSources, shownRules } from './policy.service.ts'
import { overrideAfter, overrideOf, policyOf, successorOf } from './stored-policy.ts'

/** Tells what would happen if: nothing is changed, and nobody is asked. */
@Injectable()
export class DryRunService {
  readonly #database: Database
  readonly #factors: Factors
  readonly #geoip: Geoip
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(Factors) factors: Factors,
    @Inject(Geoip) geoip: Geoip,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#factors = factors
    this.#geoip = geoip
    this.#clock = clock
  }

  async run({ tenantId }: Actor, request: DryRunRequest): Promise<DryRunView> {
    const { userId, attempt } = request
    return this.#database.withTenant(tenantId, async (session) => {
      const nowMs = this.#clock.now()
      const present = { ...(await this.#present(session, tenantId, request)), nowMs }
      const stored = await findPolicy(session, tenantId)
      const groups = await groupsOf(session, tenantId, userId)
      // Rules that are supposed hold at the supposed time, whenever that is.
      const fromMs = attempt.at === undefined ? nowMs : Math.min(nowMs, Date.parse(attempt.at))
      const draft = await draftOf(session, tenantId, request, { before: policyOf(stored?.policy), fromMs })
      const { policy, sources } = combine(stored, groups, draft)
      const decision = supposedDecision(policy, attempt, present)
      return { ...viewOf(decision), policy: shownRules(policy), sources: namedSources(sources, groups) }
    })
  }

  async #present(
    session: TenantSession,
    tenantId: string,
    { userId, attempt }: DryRunRequest,
  ): Promise<Omit<Present, 'nowMs'>> {
    const where = { tenantId_id: { tenantId, id: userId } }
    const found = await session.user.findUnique({ where, include: { tenant: true } })
    if (found === null) throw notFound('user')
    const { tenant, ...user } = found
    const { deviceId } = attempt
    const device =
      deviceId === undefined
        ? null
        : await session.device.findUnique({ where: { tenantId_id: { tenantId, id: deviceId }, userId } })
    if (deviceId !== undefined && device === null) throw notFound('device')
    const others = deviceId === undefined ? {} : { deviceId: { not: deviceId } }
    const open = { tenantId, userId, ...others, ...countedConnections(this.#clock.now()) }
    const { length: openConnections } = await session.connection.groupBy({ by: ['deviceId'], where: open })
    const { methods: enrolled } = await this.#factors.enrolledOf(session, user)
    const countryOf = (address: string): string | null => this.#geoip.countryOf(address)
    return { geoip: this.#geoip.isConfigured, countryOf, tenant, user, enrolled, device, openConnections }
  }
}

/** What would be stored if the supposed rules were set at this time. */
async function draftOf(
  session: TenantSession,
  tenantId: string,
  { policy, groupPolicies }: DryRunRequest,
  { before, fromMs }: { before: MfaPolicy; fromMs: number },
): Promise<Draft> {
  const ids = groupPolicies.map(({ groupId }) => groupId)
  const stored = await session.group.findMany({ where: { tenantId, id: { in: ids } } })
  const groups = groupPolicies.map(({ groupId, policy: wanted }): [string, MfaPolicyOverride] => {
    const group = stored.find(({ id }) => id === groupId)
    if (group === undefined) throw notFound('group')
    return [groupId, overrideAfter(overrideOf(group.policy), wanted, fromMs)]
  })
  return { ...(policy && { tenant: successorOf(before, policy, fromMs) }), groups: new Map(groups) }
}

function viewOf(decision: Decision): Omit<DryRunView, 'policy' | 'sources'> {
  const checks = [...decision.checks]
  const none = { reason: null, methods: [], sessionEndsAt: null, askAgainAt: null }
  switch (decision.decision) {
    case 'deny':
      return { ...none, decision: 'deny', reason: decision.reason, checks }
    case 'challenge':
      return { ...none, decision: 'challenge', reason: decision.reason, methods: [...decision.methods], checks }
    case 'allow': {
      const { sessionEndsAtMs, askAgainAtMs } = decision
      const askAgainAt = askAgainAtMs === null ? null : new Date(askAgainAtMs).toISOString()
      return { ...none, decision: 'allow', sessionEndsAt: new Date(sessionEndsAtMs).toISOString(), askAgainAt, checks }
    }
  }
}
