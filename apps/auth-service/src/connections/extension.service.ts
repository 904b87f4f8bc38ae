import { Inject, Injectable } from '@nestjs/common'
import { type Connection, Database, type TenantSession, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import type { Allow, DenyReason, FactorMethod } from '@sallyport/mfa-policy'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { Factors } from '../factors/factors.ts'
import { Geoip } from '../geoip/geoip.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { DENY_MESSAGES } from '../node-api/denials.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { type MovedEnd, sessionEndOrders, wholeSeconds } from '../node-api/session-end-orders.ts'
import { judgeNewLogin, POLICED, type PolicedConnection } from '../policy/live-decision.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { reauthenticationRequired } from '../sign-in/portal-sessions.ts'
import type { GivenFactor } from '../sign-in/stored-session.ts'
import { lockLive } from './connection-locks.ts'
import { countedConnections } from './counted-connections.ts'
import type { ExtensionView } from './extension.schemas.ts'

/** A connection whose login may begin anew. */
type Extendable = PolicedConnection &
  Pick<Connection, 'tenantId' | 'id' | 'userId' | 'deviceId' | 'loginId'> & {
    readonly user: Pick<User, 'tenantId' | 'id' | 'totpConfirmedAt'>
  }

/** What came of an attempt to extend; only what was written down is answered after its transaction. */
type Outcome =
  | { readonly result: 'extended'; readonly endsAt: Date; readonly moved: readonly MovedEnd[] }
  | { readonly result: 'denied'; readonly reason: DenyReason }

const EXTENDABLE = {
  ...POLICED,
  tenantId: true,
  deviceId: true,
  loginId: true,
  endedAt: true,
  endRequestedAt: true,
  user: { select: { ...POLICED.user.select, tenantId: true, id: true } },
} as const

/** Begins the login of a live connection anew, by the policy and with what its user has just proven in the portal. */
@Injectable()
export class ExtensionService {
  readonly #database: Database
  readonly #policies: PolicyService
  readonly #factors: Factors
  readonly #geoip: Geoip
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(PolicyService) policies: PolicyService,
    @Inject(Factors) factors: Factors,
    @Inject(Geoip) geoip: Geoip,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#policies = policies
    this.#factors = factors
    this.#geoip = geoip
    this.#orders = orders
    this.#clock = clock
  }

  /**
   * Extends an own connection of somebody who has given the password in this session of late, and `given` as a factor.
   * Throws the 404, the 409 of one that has ended, the 403 when a factor is due, and that of the policy's denial.
   */
  async extend(
    { tenantId, userId, auditName }: Actor,
    id: string,
    given: GivenFactor | undefined,
  ): Promise<ExtensionView> {
    const outcome = await this.#database.withTenant(tenantId, async (session): Promise<Outcome> => {
      const where = { tenantId_id: { tenantId, id }, userId }
      const found = await session.connection.findUnique({ where, select: EXTENDABLE })
      if (found === null) throw notFound('connection')
      if (found.endedAt !== null || found.endRequestedAt !== null) throw connectionEnded()
      const decision = await this.#decide(session, found, given?.method ?? null)
      const about = { actor: auditName, action: 'connection.extend', target: `connection:${id}`, userId }
      if (decision.decision === 'deny') {
        const { reason, checks } = decision
        await recordAudit(session, tenantId, {
          ...about,
          outcome: reason,
          details: { checks, deviceId: found.deviceId },
        })
        return { result: 'denied', reason }
      }
      if (decision.decision === 'challenge' || decision.factor === 'remembered') throw reauthenticationRequired()
      return this.#extend(session, found, decision, { given, about })
    })
    if (outcome.result === 'denied') throw new ApiProblem(403, outcome.reason, DENY_MESSAGES[outcome.reason])
    for (const { order, serviceId } of sessionEndOrders(outcome.moved, true)) this.#orders.publish(order, serviceId)
    return { sessionEndsAt: outcome.endsAt.toISOString() }
  }

  async #decide(
    session: TenantSession,
    connection: Extendable,
    proven: FactorMethod | null,
  ): Promise<ReturnType<typeof judgeNewLogin>> {
    const { tenantId, userId, deviceId } = connection
    const nowMs = this.#nowMs
    const { policy } = await this.#policies.inSession(session, tenantId, userId)
    const { methods: enrolled } = await this.#factors.enrolledOf(session, connection.user)
    const others = { tenantId, userId, deviceId: { not: deviceId }, ...countedConnections(nowMs) }
    const { length: openConnections } = await session.connection.groupBy({ by: ['deviceId'], where: others })
    return judgeNewLogin(policy, connection, {
      enrolled,
      nowMs,
      geoip: this.#geoip.isConfigured,
      proven,
      openConnections,
    })
  }

  /** Writes down that the login begins now, for the device's tokens and for every live connection that belongs to it. */
  async #extend(
    session: TenantSession,
    connection: Extendable,
    decision: Allow,
    { given, about }: { readonly given: GivenFactor | undefined; readonly about: AuditEntry },
  ): Promise<Outcome> {
    const { tenantId, id, deviceId, loginId, remoteAddress } = connection
    const endsAt = wholeSeconds(decision.sessionEndsAtMs)
    const loginStartedAt = new Date(this.#nowMs)
    const extended = loginId === null ? {} : { extendedLoginId: loginId, extendedLoginAt: loginStartedAt }
    const proof =
      given === undefined || decision.factor !== 'given'
        ? {}
        : {
            factorAt: new Date(given.atMs),
            factorMethod: given.method,
            factorAddress: remoteAddress,
            factorCountry: this.#geoip.countryOf(remoteAddress),
          }
    // The device's row first, as everywhere: a renewal of its keys, or a revocation, waits or is waited for.
    const held = await session.$queryRaw<unknown[]>`
      SELECT id FROM devices WHERE tenant_id = ${tenantId}::uuid AND id = ${deviceId}::uuid AND revoked_at IS NULL
      FOR NO KEY UPDATE`
    if (held.length === 0) throw connectionEnded()
    await session.device.update({ where: { tenantId_id: { tenantId, id: deviceId } }, data: { ...extended, ...proof } })
    const ofLogin = loginId === null ? { id } : { deviceId, loginId }
    const live = await lockLive(session, tenantId, ofLogin)
    const moved = await session.connection.updateManyAndReturn({
      where: { tenantId, id: { in: live }, endedAt: null, endRequestedAt: null },
      data: { loginStartedAt, endsAt },
      select: { id: true, serviceId: true },
    })
    // It has ended since it was looked at.
    if (!moved.some((other) => other.id === id)) throw connectionEnded()
    const { factor, checks } = decision
    const details = {
      checks,
      deviceId,
      factor,
      ...('factorMethod' in proof ? { method: proof.factorMethod } : {}),
      sessionEndsAt: endsAt,
    }
    await recordAudit(session, tenantId, { ...about, details })
    return { result: 'extended', endsAt, moved: moved.map((other) => ({ ...other, loginStartedAt, endsAt })) }
  }

  /** In whole seconds, like the times of tokens. */
  get #nowMs(): number {
    return wholeSeconds(this.#clock.now()).getTime()
  }
}

function connectionEnded(): ApiProblem {
  return new ApiProblem(409, 'connection-ended', 'This connection has ended. Please connect again.')
}
