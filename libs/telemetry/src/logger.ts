import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'

/** Structured logger: `log.info({ connectionId, reason }, 'connection ended')`. */
export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'>

/** Names of fields that are cut out wherever they stand, should one slip through. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(
  'password token secret key otp cookie authorization csr joinToken'.split(' '),
)
const CENSORED = '[secret]'
/** What is nested deeper is not written. */
const MAX_DEPTH = 5
const TOO_DEEP = '[too deep]'

/** Makes the process's logger: JSON lines on stdout, secrets cut out by field name. */
export function createLogger(
  service: string,
  level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent',
  destination?: DestinationStream,
): Logger {
  const options = {
    name: service,
    level,
    base: { pid: process.pid },
    // In one walk: pino's own redaction copies the fields for each path, and most of what a line costs was that.
    formatters: { log: (fields: Record<string, unknown>) => withoutSecrets(fields, MAX_DEPTH) },
    // An error is spelt out in that walk, with the fields that somebody has put on it.
    serializers: { err: (spelt: unknown) => spelt },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

function withoutSecrets(fields: object, depth: number): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => {
    return [name, SECRET_FIELDS.has(name) && value !== undefined ? CENSORED : censored(value, depth)] as const
  })
  return Object.fromEntries(entries)
}

function censored(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return TOO_DEEP
  if (Array.isArray(value)) return value.map((item) => censored(item, depth - 1))
  if (value instanceof Error) return withoutSecrets(pino.stdSerializers.err(value), depth - 1)
  // Dates, addresses and bytes say themselves how they are written.
  return 'toJSON' in value ? value : withoutSecrets(value, depth - 1)
}
