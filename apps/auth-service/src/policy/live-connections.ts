import { Inject, Injectable } from '@nestjs/common'
import { type Connection, Database, type TenantSession } from '@sallyport/database'
import { type Clock, describeError } from '@sallyport/foundation'
import type { FactorMethod, MfaPolicy } from '@sallyport/mfa-policy'
import type { Logger } from '@sallyport/telemetry'

import { type AuditEntry, recordAudits } from '../audit/audit-log.ts'
import { lockInOrder, requestEnds } from '../connections/connection-locks.ts'
import { factorMethods } from '../factors/factors.ts'
import { Geoip } from '../geoip/geoip.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { type MovedEnd, sessionEndOrders, wholeSeconds } from '../node-api/session-end-orders.ts'
import { CLOCK, LOGGER } from '../runtime/tokens.ts'
import { EffectivePolicies } from './effective-policies.ts'
import { judgeRenewal, POLICED, type PolicedConnection } from './live-decision.ts'
import { findPolicy } from './policy.repository.ts'

/** Read and judged in one transaction: few enough that it lasts no longer than a moment. */
const PAGE = 1000
/** Longer than a decision takes at most, from reading the rules to writing the connection down. */
const SECOND_LOOK_MS = 15_000

type Found = PolicedConnection & Pick<Connection, 'id' | 'userId' | 'serviceId' | 'endsAt'>

/** What becomes of live connections by the rules as they are now. */
interface Judged {
  readonly denied: readonly Found[]
  /** The ends that others' logins should have, where they have not. */
  readonly wanted: readonly MovedEnd[]
}

/** Ends live connections that the rules do not allow any more, and moves the end of logins with the rules. */
@Injectable()
export class LiveConnections {
  readonly #database: Database
  readonly #orders: OrderHub
  readonly #geoip: Geoip
  readonly #clock: Clock
  readonly #log: Logger
  readonly #policies = new EffectivePolicies()

  constructor(
    @Inject(Database) database: Database,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(Geoip) geoip: Geoip,
    @Inject(CLOCK) clock: Clock,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#database = database
    this.#orders = orders
    this.#geoip = geoip
    this.#clock = clock
    this.#log = log
  }

  /** Judges the live connections of these users by the rules as they are now, and once more a moment later. */
  async applyRules(tenantId: string, users: readonly string[] | 'all'): Promise<void> {
    // A connection that was decided about under the rules before may be written down only after the first look.
    setTimeout(() => {
      this.#look(tenantId, users).catch((error: unknown) => {
        this.#log.warn({ tenantId, reason: describeError(error) }, 'live connections were not judged by the new rules')
      })
    }, SECOND_LOOK_MS).unref()
    await this.#look(tenantId, users)
  }

  async #look(tenantId: string, users: readonly string[] | 'all'): Promise<void> {
    if (users === 'all') return this.#apply(tenantId, {})
    for (let place = 0; place < users.length; place += PAGE) {
      await this.#apply(tenantId, { userId: { in: users.slice(place, place + PAGE) } })
    }
  }

  async #apply(tenantId: string, whose: { readonly userId?: { in: string[] } }): Promise<void> {
    let last: string | undefined
    do {
      const after = last === undefined ? {} : { id: { gt: last } }
      const where = { tenantId, endedAt: null, endRequestedAt: null, ...whose, ...after }
      const judged = await this.#database.withTenant(tenantId, async (session) => {
        const live = await session.connection.findMany({ where, select: POLICED, orderBy: { id: 'asc' }, take: PAGE })
        const { denied, wanted } = await this.#judge(session, tenantId, live)
        const concerned = [...denied, ...wanted].map(({ id }) => id)
        await lockInOrder(session, tenantId, concerned)
        const ended = await this.#end(session, tenantId, denied)
        const moved = await moveEnds(session, tenantId, wanted)
        return { ended, moved, next: live.length < PAGE ? undefined : live.at(-1)?.id }
      })
      for (const { id: connectionId } of judged.ended) {
        this.#orders.publish({ type: 'revoked', tenantId, connectionId, ...ENDINGS.policyChanged })
      }
      for (const { order, serviceId } of sessionEndOrders(judged.moved, false)) this.#orders.publish(order, serviceId)
      last = judged.next
    } while (last !== undefined)
  }

  /** Notes them as ended and gives those that were not yet: two looks at the same time see the same connections. */
  async #end(session: TenantSession, tenantId: string, denied: readonly Found[]): Promise<readonly Found[]> {
    if (denied.length === 0) return []
    const ids = denied.map(({ id }) => id)
    const noted = new Set(await requestEnds(session, tenantId, { id: { in: ids } }, new Date(this.#clock.now())))
    const ended = denied.filter(({ id }) => noted.has(id))
    if (ended.length > 0) await recordAudits(session, tenantId, ended.map(entryOf))
    return ended
  }

  async #judge(session: TenantSession, tenantId: string, live: readonly Found[]): Promise<Judged> {
    if (live.length === 0) return { denied: [], wanted: [] }
    const userIds = [...new Set(live.map(({ userId }) => userId))]
    const policyOf = await this.#policiesOf(session, tenantId, userIds)
    const enrolledOf = await enrolments(session, tenantId, userIds)
    const [nowMs, geoip] = [this.#clock.now(), this.#geoip.isConfigured]
    const denied: Found[] = []
    const wanted: MovedEnd[] = []
    for (const connection of live) {
      const circumstances = { enrolled: enrolledOf(connection), nowMs, geoip }
      const decision = judgeRenewal(policyOf(connection.userId), connection, circumstances)
      if (decision.decision !== 'allow') {
        denied.push(connection)
        continue
      }
      const endsAt = wholeSeconds(decision.sessionEndsAtMs)
      if (endsAt.getTime() !== connection.endsAt?.getTime()) wanted.push({ ...connection, endsAt })
    }
    return { denied, wanted }
  }

  async #policiesOf(
    session: TenantSession,
    tenantId: string,
    userIds: string[],
  ): Promise<(userId: string) => MfaPolicy> {
    const stored = await findPolicy(session, tenantId)
    const ofTenant = stored === null ? null : JSON.stringify(stored.policy)
    const memberships = await session.groupMember.findMany({
      where: { tenantId, userId: { in: userIds } },
      select: { userId: true, group: { select: { id: true, policy: true } } },
      orderBy: [{ group: { position: 'asc' } }, { groupId: 'asc' }],
    })
    const ofUsers = Map.groupBy(memberships, ({ userId }) => userId)
    return (userId) => {
      const groups = (ofUsers.get(userId) ?? []).map(({ group }) => group)
      return this.#policies.of(
        ofTenant,
        groups.map(({ id, policy }) => [id, JSON.stringify(policy)]),
      )
    }
  }
}

/** Notes all of them in one statement, and gives those that were: a login that was extended meanwhile keeps its new end. */
async function moveEnds(
  session: TenantSession,
  tenantId: string,
  wanted: readonly MovedEnd[],
): Promise<readonly MovedEnd[]> {
  if (wanted.length === 0) return []
  const [ids, ends] = [wanted.map(({ id }) => id), wanted.map(({ endsAt }) => endsAt.toISOString())]
  const logins = wanted.map(({ loginStartedAt }) => loginStartedAt?.toISOString() ?? null)
  const rows = await session.$queryRaw<{ id: string }[]>`
    UPDATE connections SET ends_at = wanted.ends_at
    FROM unnest(${ids}::uuid[], ${ends}::timestamptz[], ${logins}::timestamptz[]) AS wanted (id, ends_at, login)
    WHERE connections.tenant_id = ${tenantId}::uuid AND connections.id = wanted.id
      AND connections.login_started_at IS NOT DISTINCT FROM wanted.login
    RETURNING connections.id`
  const moved = new Set(rows.map(({ id }) => id))
  return wanted.filter(({ id }) => moved.has(id))
}

async function enrolments(
  session: TenantSession,
  tenantId: string,
  userIds: string[],
): Promise<(connection: Found) => readonly FactorMethod[]> {
  const where = { tenantId, userId: { in: userIds } }
  const passkeys = await session.passkey.findMany({ where, select: { userId: true }, distinct: ['userId'] })
  const codes = await session.recoveryCode.findMany({
    where: { ...where, usedAt: null },
    select: { userId: true },
    distinct: ['userId'],
  })
  const withPasskey = new Set(passkeys.map(({ userId }) => userId))
  const withCode = new Set(codes.map(({ userId }) => userId))
  return ({ userId, user }) =>
    factorMethods({
      hasTotp: user.totpConfirmedAt !== null,
      hasPasskey: withPasskey.has(userId),
      hasRecoveryCode: withCode.has(userId),
    })
}

/** The rules ended it, not whoever changed them: that has a line of its own. */
function entryOf({ id, userId }: Found): AuditEntry {
  const details = { reason: ENDINGS.policyChanged.code }
  return { actor: 'policy', action: 'connection.end', target: `connection:${id}`, userId, details }
}
