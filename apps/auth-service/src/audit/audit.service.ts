import { Readable } from 'node:stream'

import { Inject, Injectable } from '@nestjs/common'
import { type AuditLine, formatAuditLine, verifyChain } from '@sallyport/audit-chain'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { mapPage, type Page, pageOf, writeCursor } from '../http/page.ts'
import { AuditRepository, type ChainRow, type EventPosition } from './audit.repository.ts'
import {
  type AuditEventView,
  type AuditHeadView,
  type AuditQuery,
  BREAK_MESSAGES,
  type ExportQuery,
  type LogBreak,
  type VerifyRequest,
  type VerifyResponse,
} from './audit.schemas.ts'
import { readDetails } from './audit-details.ts'
import type { Names } from './audit-names.ts'
import { ChainReader, type ChainSpan, type MissingEvent } from './chain-reader.ts'

/** Exports and verifications at once: each reads a whole log. */
const LONG_READS_OF_TENANT = 2
const LONG_READS = 8
/** Statements that one answer of a list with rare matches may take. */
const SCANS = 5

/** Reading, exporting and verifying the audit log of the caller's tenant. */
@Injectable()
export class AuditService {
  readonly #audit: AuditRepository
  readonly #reader: ChainReader
  /** The tenants of the long reads under way. */
  readonly #longReads: string[] = []

  constructor(@Inject(AuditRepository) audit: AuditRepository, @Inject(ChainReader) reader: ChainReader) {
    this.#audit = audit
    this.#reader = reader
  }

  /** Gives events newest first; a page may hold fewer than asked for, and is the last one only when `next` is null. */
  async list({ tenantId }: Actor, query: AuditQuery): Promise<Page<AuditEventView>> {
    const { limit, after, ...filter } = query
    const rows: ChainRow[] = []
    let place: EventPosition | undefined = after
    for (let scan = 0; scan < SCANS; scan += 1) {
      const found = await this.#audit.list(tenantId, filter, place, limit + 1 - rows.length)
      rows.push(...found.rows)
      place = found.scannedTo
      if (place === undefined || rows.length > limit) break
    }
    const part = pageOf(rows, limit, positionOf)
    const names = await this.#audit.names(tenantId, part.items)
    const page = mapPage(part, (row) => eventView(row, names))
    return page.next === null && place !== undefined ? { ...page, next: writeCursor(place) } : page
  }

  head({ tenantId }: Actor): Promise<AuditHeadView> {
    return this.#audit.head(tenantId)
  }

  /** Gives the lines of a span as text; a failure in the middle breaks the connection off. */
  async export(actor: Actor, { from, to, after }: ExportQuery): Promise<Readable> {
    const { tenantId } = actor
    const release = this.#beginLongRead(tenantId)
    try {
      const time = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
      const span = await this.#reader.spanOf(tenantId, time, after)
      const details = { after: span.after, through: span.through }
      await this.#audit.record(tenantId, { actor: actor.auditName, action: 'audit.export', details })
      const lines = Readable.from(this.#text(tenantId, span), { objectMode: false })
      lines.once('close', release)
      return lines
    } catch (error) {
      release()
      throw error
    }
  }

  /** Recomputes the chain from its links and events, and looks for events outside it. */
  async verify(actor: Actor, request: VerifyRequest): Promise<VerifyResponse> {
    const { tenantId } = actor
    const release = this.#beginLongRead(tenantId)
    try {
      const verdict = await this.#verdict(tenantId, request)
      const outcome = verdict.ok ? 'ok' : `broken-${verdict.why}`
      const place = verdict.ok ? verdict.head.sequence : verdict.sequence
      const details = { count: verdict.count, sequence: place }
      await this.#audit.record(tenantId, { actor: actor.auditName, action: 'audit.verify', outcome, details })
      return verdict
    } finally {
      release()
    }
  }

  async #verdict(tenantId: string, { from, anchor }: VerifyRequest): Promise<VerifyResponse> {
    if (from !== undefined && (await this.#audit.hashAt(tenantId, from.sequence)) !== from.hash) {
      return broken(0, 'anchor', from.sequence)
    }
    const { sequence: through } = await this.#audit.head(tenantId)
    let missing: MissingEvent | undefined
    const lines = this.#reader.lines(tenantId, { after: from?.sequence ?? 0, through })
    const present = async function* (): AsyncGenerator<AuditLine> {
      for await (const line of lines) {
        if ('missing' in line) {
          missing = line
          return
        }
        yield line
      }
    }
    const verdict = await verifyChain(present(), { ...(from === undefined ? {} : { from }), anchor })
    const { count } = verdict
    if (missing !== undefined) return broken(count, 'missing-event', missing.sequence)
    if (!verdict.ok) return broken(count, verdict.why === 'unreadable' ? 'hash' : verdict.why, verdict.sequence)
    const unlinked = await this.#reader.findUnlinked(tenantId)
    if (unlinked !== undefined) return broken(count, 'unlinked-event', null, unlinked)
    return verdict
  }

  async *#text(tenantId: string, span: ChainSpan): AsyncGenerator<string> {
    for await (const line of this.#reader.lines(tenantId, span)) {
      // What is missing here is found by whoever verifies the file.
      if (!('missing' in line)) yield `${formatAuditLine(line)}\n`
    }
  }

  #beginLongRead(tenantId: string): () => void {
    const ofTenant = this.#longReads.filter((other) => other === tenantId).length
    if (ofTenant >= LONG_READS_OF_TENANT || this.#longReads.length >= LONG_READS) {
      const message =
        'Other exports or verifications of the audit log are under way. Please try again when they are done.'
      throw new ApiProblem(429, 'audit-busy', message)
    }
    this.#longReads.push(tenantId)
    let isOver = false
    return () => {
      if (!isOver) this.#longReads.splice(this.#longReads.indexOf(tenantId), 1)
      isOver = true
    }
  }
}

function broken(count: number, why: LogBreak, sequence: number | null, eventId: string | null = null): VerifyResponse {
  return { ok: false, count, why, sequence, eventId, message: BREAK_MESSAGES[why] }
}

function positionOf({ event }: ChainRow): EventPosition {
  return [event?.at.toISOString() ?? '', event?.id ?? '']
}

function eventView({ sequence, hash, event }: ChainRow, names: Names): AuditEventView {
  if (event === null) throw new Error('a list of events has a row without one')
  const { id: eventId, at, actor, action, target, outcome, userId, details, detailsSha256 } = event
  return {
    ...{ eventId, sequence, hash, at: at.toISOString(), actor, action, target, outcome, userId },
    actorName: names.get(actor) ?? null,
    targetName: target === null ? null : (names.get(target) ?? null),
    username: userId === null ? null : (names.get(`user:${userId}`) ?? null),
    details: readDetails(details),
    detailsErased: details === null && detailsSha256 !== null,
  }
}
