import { Inject, Injectable } from '@nestjs/common'
import { Database } from '@sallyport/database'

/** Events that were added to a tenant's chain, by action. */
export interface AuditNews {
  readonly tenantId: string
  /** Place of the last one of them. */
  readonly place: bigint
  /** Null when the event is gone. */
  readonly action: string | null
  /** Whom they are about. */
  readonly about: readonly string[]
}

/** What tells whether tenants or services changed; equal texts mean that nothing did. */
export interface PlatformState {
  readonly tenants: string
  /** Which services there are, and which are drained, revoked or silent. */
  readonly standing: string
  /** The same with everything that they report. */
  readonly services: string
}

interface RawNews {
  readonly tenant_id: string
  readonly place: bigint
  readonly action: string | null
  readonly about: string[]
}

/** Looks in the database for what is new; each look is one statement. */
@Injectable()
export class ChangeNews {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Gives the end of a tenant's chain. */
  async headOf(tenantId: string): Promise<bigint> {
    const last = await this.#database.withTenant(tenantId, (session) =>
      session.auditChainLink.findFirst({ where: { tenantId }, orderBy: { sequence: 'desc' } }),
    )
    return last?.sequence ?? 0n
  }

  /** Tells what was added to the chains of these tenants behind these places; of a long addition, its beginning. */
  async since(places: ReadonlyMap<string, bigint>): Promise<AuditNews[]> {
    const [tenants, behind] = [[...places.keys()], [...places.values()].map(String)]
    const rows = await this.#database.platform.$queryRaw<RawNews[]>`
      SELECT tenant_id::text, place, action, about::text[] FROM audit_news(${tenants}::uuid[], ${behind}::bigint[])`
    return rows.map(({ tenant_id: tenantId, ...news }) => ({ tenantId, ...news }))
  }

  /** A row's `xmin` is another after each change of it. */
  async platformState(silentAfterMs: number): Promise<PlatformState> {
    const rows = await this.#database.platform.$queryRaw<PlatformState[]>`
      SELECT (SELECT concat_ws(':', count(*), sum(xmin::text::bigint)) FROM tenants) AS tenants,
        concat_ws(':', count(*), count(draining_at), count(revoked_at),
          count(*) FILTER (WHERE last_seen_at < now() - make_interval(secs => ${silentAfterMs / 1000}))) AS standing,
        concat_ws(':', count(*), sum(xmin::text::bigint)) AS services
      FROM services`
    return rows[0] ?? { tenants: '', standing: '', services: '' }
  }
}
