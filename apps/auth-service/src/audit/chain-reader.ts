import { setImmediate as nextTurn } from 'node:timers/promises'

import { Inject, Injectable } from '@nestjs/common'
import type { AuditLine } from '@sallyport/audit-chain'

import { AuditRepository, type ChainRow } from './audit.repository.ts'

/** A page is read in one transaction and hashed in one turn of the event loop. */
const PAGE_LINES = 200
const SEARCHED_LINES = 10_000
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

/** A link whose event is not there any more. */
export interface MissingEvent {
  readonly missing: true
  readonly sequence: number
}

/** A piece of the chain: the lines behind `after`, up to and with `through`. */
export interface ChainSpan {
  readonly after: number
  readonly through: number
}

/** Reads long pieces of a tenant's chain, page by page: no transaction lasts, and nothing grows. */
@Injectable()
export class ChainReader {
  readonly #audit: AuditRepository

  constructor(@Inject(AuditRepository) audit: AuditRepository) {
    this.#audit = audit
  }

  /** Gives the lines of a span in order. */
  async *lines(tenantId: string, { after, through }: ChainSpan): AsyncGenerator<AuditLine | MissingEvent> {
    let previousHash = after === 0 ? undefined : await this.#audit.hashAt(tenantId, after)
    previousHash ??= '0'.repeat(64)
    for (let place = after; place < through;) {
      const rows = await this.#audit.linksAfter(tenantId, place, through, PAGE_LINES)
      for (const row of rows) {
        yield lineOf(tenantId, previousHash, row)
        previousHash = row.hash
        place = row.sequence
      }
      if (rows.length === 0) return
      await nextTurn()
    }
  }

  /**
   * Finds the shortest span that holds every event of a time, behind a place. The order of the chain is that of commits,
   * which is not quite that of clocks: the span may hold some other events at its ends.
   */
  async spanOf(tenantId: string, time: { from?: string; to?: string }, after: number): Promise<ChainSpan> {
    const head = await this.#audit.head(tenantId)
    const { from, to } = time
    const first = from === undefined ? after + 1 : await this.#firstPlace(tenantId, from, after, head.sequence)
    if (first === undefined || first > head.sequence) return { after, through: after }
    const last = to === undefined ? head.sequence : await this.#lastPlace(tenantId, to, first - 1, head.sequence)
    return { after: first - 1, through: last ?? first - 1 }
  }

  /** Finds an event that is not in the chain. */
  async findUnlinked(tenantId: string): Promise<string | undefined> {
    for (let place: string | undefined = FIRST_ID; place !== undefined;) {
      const found = await this.#audit.findUnlinked(tenantId, place, SEARCHED_LINES)
      if (found.unlinked !== undefined) return found.unlinked
      place = found.last
    }
    return undefined
  }

  async #firstPlace(tenantId: string, notBefore: string, after: number, end: number): Promise<number | undefined> {
    for (let place = after; place < end; place += SEARCHED_LINES) {
      const piece = { after: place, through: Math.min(place + SEARCHED_LINES, end) }
      const found = await this.#audit.placeByTime(tenantId, piece, { notBefore })
      if (found !== undefined) return found
    }
    return undefined
  }

  async #lastPlace(tenantId: string, notAfter: string, after: number, end: number): Promise<number | undefined> {
    for (let place = end; place > after; place -= SEARCHED_LINES) {
      const piece = { after: Math.max(place - SEARCHED_LINES, after), through: place }
      const found = await this.#audit.placeByTime(tenantId, piece, { notAfter })
      if (found !== undefined) return found
    }
    return undefined
  }
}

function lineOf(tenantId: string, previousHash: string, { sequence, hash, event }: ChainRow): AuditLine | MissingEvent {
  if (event === null) return { missing: true, sequence }
  const { id: eventId, at, actor, action, target, outcome, userId, details, detailsSha256 } = event
  const what = { actor, action, target, outcome, userId, details, detailsSha256 }
  return { sequence, hash, previousHash, tenantId, eventId, at: at.toISOString(), ...what }
}
