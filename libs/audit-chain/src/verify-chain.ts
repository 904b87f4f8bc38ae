import type { AuditLine, UnreadableLine } from './audit-line.ts'
import { type AuditHead, chainHash, detailsDigest, START_OF_CHAIN } from './chain-hash.ts'

/**
 * Why a chain is broken.
 * - `gap`: lines before this one are missing.
 * - `order`: this line, or one with its number, was there before.
 * - `link`: this line does not follow the one before it.
 * - `hash`: a field of this line was changed.
 * - `details`: the details of this line were changed; that they are missing is allowed, their digest stays.
 * - `tenant`: this line is from the log of another tenant.
 * - `anchor`: the chain does not pass through the place that was kept elsewhere; what lies before it was rewritten, or
 *   its end was cut off.
 * - `unreadable`: this is no line as the export writes them.
 */
export type ChainBreak = 'gap' | 'order' | 'link' | 'hash' | 'details' | 'tenant' | 'anchor' | 'unreadable'

/** What verifying found; `count` is how many lines are good. */
export type ChainVerdict =
  | { readonly ok: true; readonly count: number; readonly head: AuditHead }
  | { readonly ok: false; readonly count: number; readonly sequence: number; readonly why: ChainBreak }

/** Where the lines begin, and what they must contain. */
export interface VerifyOptions {
  /**
   * The place that the first line must follow: the chain's start unless given. `first-line` believes the first line, for
   * a part of a chain: then nothing is said about what lies before it.
   */
  readonly from?: AuditHead | 'first-line'
  /** A place that the chain must pass through or end at. */
  readonly anchor?: AuditHead | undefined
}

/**
 * Follows a chain from line to line and recomputes every hash; memory does not grow with the number of lines. Nobody
 * can tell from the lines alone that some are missing at the end: compare the head, or give an anchor.
 */
export async function verifyChain(
  lines: AsyncIterable<AuditLine | UnreadableLine>,
  { from = START_OF_CHAIN, anchor }: VerifyOptions = {},
): Promise<ChainVerdict> {
  let head = from === 'first-line' ? undefined : from
  let tenantId: string | undefined
  let count = 0
  let isAnchored = anchor === undefined
  for await (const line of lines) {
    if ('unreadable' in line) return { ok: false, count, sequence: (head?.sequence ?? 0) + 1, why: 'unreadable' }
    const before: AuditHead = head ?? { sequence: line.sequence - 1, hash: line.previousHash }
    const why = breakOf(before, tenantId ?? line.tenantId, line)
    if (why !== undefined) return { ok: false, count, sequence: line.sequence, why }
    tenantId = line.tenantId
    if (anchor !== undefined) {
      const passed = [before, line].find(({ sequence }) => sequence === anchor.sequence)
      if (passed !== undefined && passed.hash !== anchor.hash) return notAnchored(count, anchor)
      isAnchored ||= passed !== undefined
    }
    head = { sequence: line.sequence, hash: line.hash }
    count += 1
  }
  head ??= START_OF_CHAIN
  isAnchored ||= anchor !== undefined && head.sequence === anchor.sequence && head.hash === anchor.hash
  if (anchor !== undefined && !isAnchored) return notAnchored(count, anchor)
  return { ok: true, count, head }
}

function breakOf(before: AuditHead, tenantId: string, line: AuditLine): ChainBreak | undefined {
  if (line.tenantId !== tenantId) return 'tenant'
  if (line.sequence <= before.sequence) return 'order'
  if (line.sequence > before.sequence + 1) return 'gap'
  if (line.previousHash !== before.hash) return 'link'
  if (chainHash(line) !== line.hash) return 'hash'
  if (line.details !== null && detailsDigest(line.details) !== line.detailsSha256) return 'details'
  return undefined
}

function notAnchored(count: number, anchor: AuditHead): ChainVerdict {
  return { ok: false, count, sequence: anchor.sequence, why: 'anchor' }
}
