import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'
import { type Clock, describeError } from '@sallyport/foundation'
import type { FactorMethod, MfaPolicy } from '@sallyport/mfa-policy'
import type { Logger } from '@sallyport/telemetry'

import { type AuditEntry, recordAudits } from '../audit/audit-log.ts'
import { factorMethods } from '../factors/factors.ts'
import { Geoip } from '../geoip/geoip.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK, LOGGER } from '../runtime/tokens.ts'
import { EffectivePolicies } from './effective-policies.ts'
import { goesOn, POLICED, type PolicedConnection } from './live-decision.ts'
import { findPolicy } from './policy.repository.ts'

/** Read and judged in one transaction: few enough that it lasts no longer than a moment. */
const PAGE = 1000
/** Longer than a decision takes at most, from reading the rules to writing the connection down. */
const SECOND_LOOK_MS = 15_000

type Found = PolicedConnection & { readonly id: string; readonly userId: string }

/** Ends live connections that the rules do not allow any more. */
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
  async endDenied(tenantId: string, users: readonly string[] | 'all'): Promise<void> {
    // A connection that was decided about under the rules before may be written down only after the first look.
    setTimeout(() => {
      this.#look(tenantId, users).catch((error: unknown) => {
        this.#log.warn({ tenantId, reason: describeError(error) }, 'live connections were not judged by the new rules')
      })
    }, SECOND_LOOK_MS).unref()
    await this.#look(tenantId, users)
  }

  async #look(tenantId: string, users: readonly string[] | 'all'): Promise<void> {
    if (users === 'all') return this.#endDenied(tenantId, {})
    for (let place = 0; place < users.length; place += PAGE) {
      await this.#endDenied(tenantId, { userId: { in: users.slice(place, place + PAGE) } })
    }
  }

  async #endDenied(tenantId: string, whose: { readonly userId?: { in: string[] } }): Promise<void> {
    let last: string | undefined
    do {
      const after = last === undefined ? {} : { id: { gt: last } }
      const where = { tenantId, endedAt: null, endRequestedAt: null, ...whose, ...after }
      const judged = await this.#database.withTenant(tenantId, async (session) => {
        const live = await session.connection.findMany({ where, select: POLICED, orderBy: { id: 'asc' }, take: PAGE })
        const denied = await this.#deniedOf(session, tenantId, live)
        if (denied.length > 0) {
          const data = { endRequestedAt: new Date(this.#clock.now()) }
          await session.connection.updateMany({ where: { tenantId, id: { in: denied.map(({ id }) => id) } }, data })
          await recordAudits(session, tenantId, denied.map(entryOf))
        }
        return { denied, next: live.length < PAGE ? undefined : live.at(-1)?.id }
      })
      for (const { id: connectionId } of judged.denied) {
        this.#orders.publish({ type: 'revoked', tenantId, connectionId, ...ENDINGS.policyChanged })
      }
      last = judged.next
    } while (last !== undefined)
  }

  async #deniedOf(session: TenantSession, tenantId: string, live: readonly Found[]): Promise<Found[]> {
    if (live.length === 0) return []
    const userIds = [...new Set(live.map(({ userId }) => userId))]
    const policyOf = await this.#policiesOf(session, tenantId, userIds)
    const enrolledOf = await enrolments(session, tenantId, userIds)
    const [nowMs, geoip] = [this.#clock.now(), this.#geoip.isConfigured]
    const isAllowed = (connection: Found): boolean =>
      goesOn(policyOf(connection.userId), connection, { enrolled: enrolledOf(connection), nowMs, geoip })
    return live.filter((connection) => !isAllowed(connection))
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
