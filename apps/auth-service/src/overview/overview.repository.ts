import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'

import type { CountedAttempts, PeakConnections, SeriesTime } from './time-series.ts'

/** Once a minute of a day, and every six minutes of a week. */
const LOOKS_IN_A_PIECE = 30

/** A network by its ids and its name. */
export interface NamedNetwork {
  readonly tenantId: string
  readonly networkId: string
  readonly name: string
}

/** The same with its tenant's name. */
export type PlatformNetwork = NamedNetwork & { readonly tenantSlug: string }

/** What the tables of a tenant say at one moment. */
export interface TenantNumbers {
  readonly connected: { readonly connectedNow: number; readonly connectedUsers: number }
  readonly peaks: readonly PeakConnections[]
  readonly attempts: readonly CountedAttempts[]
  readonly enrolment: Readonly<Record<'users' | 'withFactor' | 'withDevice' | 'invited', number>>
  readonly expiring: Readonly<Record<'within30Days' | 'expired', number>>
  readonly networks: readonly NamedNetwork[]
}

/** What the tables of the platform say. */
export type PlatformNumbers = Readonly<Record<'tenants' | 'nodes' | 'nodesSilent' | 'connections', number>>

/** Counts in the database; what comes out has a few rows for each piece of time, however many events there are. */
@Injectable()
export class OverviewRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** `heardSince`: connections of nodes that were not heard since then ended when those were heard last. */
  numbersOf(tenantId: string, time: SeriesTime, heardSince: Date): Promise<TenantNumbers> {
    return this.#database.withTenant(tenantId, async (session) => ({
      connected: await connectedIn(session, tenantId, heardSince),
      peaks: await peaksIn(session, tenantId, time, heardSince),
      attempts: await attemptsIn(session, tenantId, time),
      enrolment: await enrolmentIn(session, tenantId),
      expiring: await expiringIn(session, tenantId, new Date(time.toMs)),
      networks: (
        await session.network.findMany({
          where: { tenantId },
          select: { id: true, name: true },
          orderBy: { name: 'asc' },
        })
      ).map(({ id, name }) => ({ tenantId, networkId: id, name })),
    }))
  }

  async platformNumbers(heardSince: Date): Promise<PlatformNumbers> {
    const rows = await this.#database.platform.$queryRaw<PlatformNumbers[]>`
      SELECT
        (SELECT count(*)::int FROM tenants WHERE suspended_at IS NULL) AS tenants,
        (SELECT count(*)::int FROM services WHERE role = 'vpn-node' AND revoked_at IS NULL) AS nodes,
        (SELECT count(*)::int FROM services WHERE role = 'vpn-node' AND revoked_at IS NULL
          AND last_seen_at < ${heardSince.toISOString()}::timestamptz) AS "nodesSilent",
        (SELECT count(*)::int FROM live_connections live JOIN services carrier ON carrier.id = live.service_id
          WHERE carrier.last_seen_at >= ${heardSince.toISOString()}::timestamptz) AS connections`
    return onlyRow(rows)
  }

  /** Gives the networks of all tenants that are not suspended. */
  platformNetworks(): Promise<PlatformNetwork[]> {
    return this.#database.platform.$queryRaw<PlatformNetwork[]>`
      SELECT tenant_id AS "tenantId", tenant_slug AS "tenantSlug", network_id AS "networkId", name
      FROM platform_networks()`
  }
}

async function connectedIn(session: TenantSession, tenantId: string, heardSince: Date) {
  const rows = await session.$queryRaw<TenantNumbers['connected'][]>`
    SELECT count(*)::int AS "connectedNow", count(DISTINCT known.user_id)::int AS "connectedUsers"
    FROM connections known JOIN services carrier ON carrier.id = known.service_id
    WHERE known.tenant_id = ${tenantId}::uuid AND known.ended_at IS NULL
      AND carrier.last_seen_at >= ${heardSince.toISOString()}::timestamptz`
  return onlyRow(rows)
}

/**
 * Follows the number of open connections, looked at many times in each piece: beginnings and ends between two looks are
 * summed up, so that who reconnects is not counted twice and nothing has to be sorted. Only of the open ones more than
 * the index has to be read.
 */
function peaksIn(session: TenantSession, tenantId: string, time: SeriesTime, heardSince: Date) {
  const [from, to, heard] = [new Date(time.fromMs), new Date(time.toMs), heardSince].map((at) => at.toISOString())
  const lookSeconds = time.bucketSeconds / LOOKS_IN_A_PIECE
  return session.$queryRaw<PeakConnections[]>`
    WITH spans AS (
      SELECT authorised_at AS began, ended_at AS ended FROM connections
      WHERE tenant_id = ${tenantId}::uuid AND ended_at > ${from}::timestamptz
      UNION ALL
      SELECT known.authorised_at,
        CASE WHEN carrier.last_seen_at >= ${heard}::timestamptz THEN 'infinity' ELSE carrier.last_seen_at END
      FROM connections known JOIN services carrier ON carrier.id = known.service_id
      WHERE known.tenant_id = ${tenantId}::uuid AND known.ended_at IS NULL
    ), changes AS (
      SELECT greatest(began, ${from}::timestamptz) AS at, 1 AS change FROM spans
      WHERE ended > began AND ended > ${from}::timestamptz
      UNION ALL
      SELECT ended, -1 FROM spans
      WHERE ended > began AND ended > ${from}::timestamptz AND ended <= ${to}::timestamptz
    ), looks AS (
      SELECT date_bin(${lookSeconds} * interval '1 second', at, ${from}::timestamptz) AS at, sum(change) AS change
      FROM changes GROUP BY 1
      UNION ALL
      SELECT at, 0
      FROM generate_series(${from}::timestamptz, ${to}::timestamptz, ${time.bucketSeconds} * interval '1 second') AS at
    ), levels AS (
      SELECT at, sum(change) OVER (ORDER BY at RANGE UNBOUNDED PRECEDING) AS level FROM looks
    )
    SELECT date_bin(${time.bucketSeconds} * interval '1 second', at, ${from}::timestamptz) AS at,
      max(level)::int AS connections
    FROM levels GROUP BY 1`
}

/** The action stands in the text: an index holds these events only. */
function attemptsIn(session: TenantSession, tenantId: string, time: SeriesTime) {
  const from = new Date(time.fromMs).toISOString()
  return session.$queryRaw<CountedAttempts[]>`
    SELECT date_bin(${time.bucketSeconds} * interval '1 second', at, ${from}::timestamptz) AS at,
      outcome, count(*)::int AS count
    FROM audit_events
    WHERE tenant_id = ${tenantId}::uuid AND action = 'connection.authorise' AND at >= ${from}::timestamptz
    GROUP BY 1, 2`
}

async function enrolmentIn(session: TenantSession, tenantId: string) {
  const rows = await session.$queryRaw<TenantNumbers['enrolment'][]>`
    SELECT count(*)::int AS users,
      count(*) FILTER (WHERE totp_confirmed_at IS NOT NULL OR id IN (
        SELECT user_id FROM passkeys WHERE tenant_id = ${tenantId}::uuid))::int AS "withFactor",
      count(*) FILTER (WHERE id IN (
        SELECT user_id FROM devices WHERE tenant_id = ${tenantId}::uuid AND revoked_at IS NULL))::int AS "withDevice",
      count(*) FILTER (WHERE password_hash IS NULL)::int AS invited
    FROM users WHERE tenant_id = ${tenantId}::uuid AND disabled_at IS NULL`
  return onlyRow(rows)
}

async function expiringIn(session: TenantSession, tenantId: string, now: Date) {
  const at = now.toISOString()
  const rows = await session.$queryRaw<TenantNumbers['expiring'][]>`
    SELECT count(*) FILTER (WHERE certificate_not_after > ${at}::timestamptz)::int AS "within30Days",
      count(*) FILTER (WHERE certificate_not_after <= ${at}::timestamptz)::int AS expired
    FROM devices
    WHERE tenant_id = ${tenantId}::uuid AND revoked_at IS NULL
      AND certificate_not_after <= ${at}::timestamptz + interval '30 days'`
  return onlyRow(rows)
}

function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('an aggregate gave no row')
  return row
}
