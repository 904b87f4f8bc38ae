/** One line of a tenant's audit log with its place in the chain; the names are those of an exported line. */
export interface AuditLine {
  /** Place in the chain; the first line has 1. */
  readonly sequence: number
  /** SHA-256 over all that follows, as 64 lower-case hex digits. */
  readonly hash: string
  /** Hash of the line before; 64 zeroes for the first one. */
  readonly previousHash: string
  readonly tenantId: string
  readonly eventId: string
  /** ISO 8601 in UTC with milliseconds. */
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly target: string | null
  readonly outcome: string
  /** Whom it is about. */
  readonly userId: string | null
  /** JSON text exactly as it was hashed; null when there is none, or when it was erased and only its digest is left. */
  readonly details: string | null
  readonly detailsSha256: string | null
}

/** A line of a file that is none as the export writes them; `line` counts from 1. */
export interface UnreadableLine {
  readonly unreadable: true
  readonly line: number
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const SHA256 = /^[0-9a-f]{64}$/

/** Writes a line as the export does: JSON without blanks, its fields in the order of `AuditLine`. */
export function formatAuditLine(line: AuditLine): string {
  const { sequence, hash, previousHash, tenantId, eventId, at, actor, action, target, outcome } = line
  const { userId, details, detailsSha256 } = line
  const what = { at, actor, action, target, outcome, userId, details, detailsSha256 }
  return JSON.stringify({ sequence, hash, previousHash, tenantId, eventId, ...what })
}

/**
 * Reads a line that `formatAuditLine` wrote; `undefined` for any other text. A field twice, an unknown field or another
 * spelling is refused as well: what is not hashed must not be able to mislead a reader.
 */
export function parseAuditLine(text: string): AuditLine | undefined {
  const value = parseJson(text)
  if (typeof value !== 'object' || value === null || !text.isWellFormed()) return undefined
  const line = lineOf(new Map(Object.entries(value)))
  return line !== undefined && formatAuditLine(line) === text ? line : undefined
}

function lineOf(fields: ReadonlyMap<string, unknown>): AuditLine | undefined {
  const text = (name: string, pattern?: RegExp): string | undefined => {
    const value = fields.get(name)
    return typeof value === 'string' && value.isWellFormed() && pattern?.test(value) !== false ? value : undefined
  }
  const nullable = (name: string, pattern?: RegExp): string | null | undefined =>
    fields.get(name) === null ? null : text(name, pattern)
  const sequence = fields.get('sequence')
  const at = text('at')
  if (typeof sequence !== 'number' || !Number.isSafeInteger(sequence) || sequence < 1) return undefined
  if (at === undefined || !isTimestamp(at)) return undefined
  const read = {
    sequence,
    hash: text('hash', SHA256),
    previousHash: text('previousHash', SHA256),
    tenantId: text('tenantId', UUID),
    eventId: text('eventId', UUID),
    at,
    actor: text('actor'),
    action: text('action'),
    target: nullable('target'),
    outcome: text('outcome'),
    userId: nullable('userId', UUID),
    details: nullable('details'),
    detailsSha256: nullable('detailsSha256', SHA256),
  }
  return isComplete(read) ? read : undefined
}

type Incomplete = { readonly [Field in keyof AuditLine]: AuditLine[Field] | undefined }

function isComplete(read: Incomplete): read is AuditLine {
  return Object.values(read).every((value) => value !== undefined)
}

function isTimestamp(text: string): boolean {
  const ms = Date.parse(text)
  return !Number.isNaN(ms) && new Date(ms).toISOString() === text
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
