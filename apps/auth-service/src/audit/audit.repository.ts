import { Inject, Injectable } from '@nestjs/common'
import { type AuditHead, START_OF_CHAIN } from '@sallyport/audit-chain'
import { type AuditEvent, Database } from '@sallyport/database'

import { type AuditEntry, recordAudit } from './audit-log.ts'
import { type Names, namesOf } from './audit-names.ts'

/** Of a list with filters, so many rows are looked at in one statement. */
const SCANNED_ROWS = 20_000

/** A link of the chain with the event that it names; null where the event is gone. */
export interface ChainRow {
  readonly sequence: number
  readonly hash: string
  readonly event: Omit<AuditEvent, 'tenantId'> | null
}

/** Where a list of events, newest first, goes on: the time and the id of the last one. */
export type EventPosition = readonly [at: string, eventId: string]

/** Which events a list shows; times are ISO 8601 and belong to the span. */
export interface EventFilter {
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly actor?: string | undefined
  /** How the action begins. */
  readonly action?: string | undefined
  readonly userId?: string | undefined
  readonly outcome?: string | undefined
}

/** Events newest first; `scannedTo` when there was more to look at than one statement does. */
export interface ScannedEvents {
  readonly rows: readonly ChainRow[]
  readonly scannedTo: EventPosition | undefined
}

interface RawLink {
  readonly sequence: bigint | null
  readonly hash: string | null
}
type RawEvent = Omit<AuditEvent, 'tenantId' | 'id'> & { readonly id: string | null }

/** The audit log and its chain, in pieces that one statement can read. */
@Injectable()
export class AuditRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  record(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.#database.withTenant(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  /** Gives the present names of what some events name. */
  names(tenantId: string, rows: readonly ChainRow[]): Promise<Names> {
    const events = rows.flatMap(({ event }) => event ?? [])
    return this.#database.withTenant(tenantId, (session) => namesOf(session, tenantId, events))
  }

  /** Gives the end of the chain. */
  async head(tenantId: string): Promise<AuditHead> {
    const last = await this.#database.withTenant(tenantId, (session) =>
      session.auditChainLink.findFirst({ where: { tenantId }, orderBy: { sequence: 'desc' } }),
    )
    return last === null ? START_OF_CHAIN : { sequence: Number(last.sequence), hash: last.hash }
  }

  /** Gives the hash at a place of the chain; `undefined` when there is no such place. */
  async hashAt(tenantId: string, sequence: number): Promise<string | undefined> {
    if (sequence === 0) return START_OF_CHAIN.hash
    const link = await this.#database.withTenant(tenantId, (session) =>
      session.auditChainLink.findFirst({ where: { tenantId, sequence } }),
    )
    return link?.hash
  }

  /** Gives the next links of the chain behind a place, in order. */
  async linksAfter(tenantId: string, after: number, through: number, limit: number): Promise<ChainRow[]> {
    const rows = await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw<(RawLink & RawEvent)[]>`
        SELECT link.sequence, link.hash, event.id, event.at, event.actor, event.action, event.target, event.outcome,
          event.user_id AS "userId", event.details, event.details_sha256 AS "detailsSha256"
        FROM audit_chain link
        LEFT JOIN audit_events event ON event.tenant_id = link.tenant_id AND event.id = link.event_id
        WHERE link.tenant_id = ${tenantId}::uuid AND link.sequence > ${after} AND link.sequence <= ${through}
        ORDER BY link.sequence LIMIT ${limit}`,
    )
    return rows.map(chainRow)
  }

  /** Gives the first place in a piece of the chain whose event is not older, or the last whose event is not newer. */
  async placeByTime(
    tenantId: string,
    piece: { readonly after: number; readonly through: number },
    time: { readonly notBefore: string } | { readonly notAfter: string },
  ): Promise<number | undefined> {
    const notBefore = 'notBefore' in time ? time.notBefore : '-infinity'
    const notAfter = 'notAfter' in time ? time.notAfter : 'infinity'
    const found = await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw<{ first: bigint | null; last: bigint | null }[]>`
        SELECT min(link.sequence) AS first, max(link.sequence) AS last
        FROM audit_chain link
        JOIN audit_events event ON event.tenant_id = link.tenant_id AND event.id = link.event_id
        WHERE link.tenant_id = ${tenantId}::uuid AND link.sequence > ${piece.after} AND link.sequence <= ${piece.through}
          AND event.at >= ${notBefore}::timestamptz AND event.at <= ${notAfter}::timestamptz`,
    )
    const place = 'notBefore' in time ? found[0]?.first : found[0]?.last
    return place === null || place === undefined ? undefined : Number(place)
  }

  /** Looks among the next events by id for one that no link names; `last` is where to go on. */
  async findUnlinked(
    tenantId: string,
    afterId: string,
    limit: number,
  ): Promise<{ unlinked: string | undefined; last: string | undefined }> {
    const rows = await this.#database.withTenant(
      tenantId,
      (session) => session.$queryRaw<{ unlinked: string | null; last: string | null }[]>`
        SELECT (array_agg(piece.id ORDER BY piece.id) FILTER (WHERE link.event_id IS NULL))[1]::text AS unlinked,
          (array_agg(piece.id ORDER BY piece.id DESC))[1]::text AS last
        FROM (
          SELECT id FROM audit_events
          WHERE tenant_id = ${tenantId}::uuid AND id > ${afterId}::uuid ORDER BY id LIMIT ${limit}
        ) piece
        LEFT JOIN audit_chain link ON link.tenant_id = ${tenantId}::uuid AND link.event_id = piece.id`,
    )
    return { unlinked: rows[0]?.unlinked ?? undefined, last: rows[0]?.last ?? undefined }
  }

  /** Gives events newest first; with filters that no index helps, it looks at a bounded number of them. */
  async list(
    tenantId: string,
    filter: EventFilter,
    after: EventPosition | undefined,
    limit: number,
  ): Promise<ScannedEvents> {
    const { from = '-infinity', to = 'infinity', actor = null, action = null, userId = null, outcome = null } = filter
    const [afterAt, afterId] = after ?? ['infinity', null]
    const isSparse = actor !== null || action !== null || outcome !== null
    return this.#database.withTenant(tenantId, async (session) => {
      const edge = await session.$queryRaw<{ at: Date; id: string }[]>`
        SELECT at, id FROM audit_events
        WHERE ${isSparse} AND tenant_id = ${tenantId}::uuid
          AND at >= ${from}::timestamptz AND at <= ${to}::timestamptz AND at <= ${afterAt}::timestamptz
          AND (${afterId}::uuid IS NULL OR (at, id) < (${afterAt}::timestamptz, ${afterId}::uuid))
          AND (${userId}::uuid IS NULL OR user_id = ${userId}::uuid)
        ORDER BY at DESC, id DESC OFFSET ${SCANNED_ROWS - 1} LIMIT 1`
      const [edgeAt, edgeId] = [edge[0]?.at.toISOString() ?? '-infinity', edge[0]?.id ?? null]
      const rows = await session.$queryRaw<(RawLink & RawEvent)[]>`
        SELECT link.sequence, link.hash, event.id, event.at, event.actor, event.action, event.target, event.outcome,
          event.user_id AS "userId", event.details, event.details_sha256 AS "detailsSha256"
        FROM (
          SELECT * FROM audit_events
          WHERE tenant_id = ${tenantId}::uuid
            AND at >= ${from}::timestamptz AND at <= ${to}::timestamptz AND at <= ${afterAt}::timestamptz
            AND at >= ${edgeAt}::timestamptz
            AND (${afterId}::uuid IS NULL OR (at, id) < (${afterAt}::timestamptz, ${afterId}::uuid))
            AND (${edgeId}::uuid IS NULL OR (at, id) >= (${edgeAt}::timestamptz, ${edgeId}::uuid))
            AND (${userId}::uuid IS NULL OR user_id = ${userId}::uuid)
            AND (${actor}::text IS NULL OR actor = ${actor}) AND (${outcome}::text IS NULL OR outcome = ${outcome})
            AND (${action}::text IS NULL OR starts_with(action, ${action}))
          ORDER BY at DESC, id DESC LIMIT ${limit}
        ) event
        LEFT JOIN audit_chain link ON link.tenant_id = event.tenant_id AND link.event_id = event.id
        ORDER BY event.at DESC, event.id DESC`
      const scannedTo = edgeId === null ? undefined : ([edgeAt, edgeId] as const)
      return { rows: rows.map(chainRow), scannedTo }
    })
  }
}

function chainRow({ sequence, hash, id, ...event }: RawLink & RawEvent): ChainRow {
  return { sequence: Number(sequence ?? 0), hash: hash ?? '', event: id === null ? null : { id, ...event } }
}
