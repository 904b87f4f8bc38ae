import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'

/** Structured logger: `log.info({ connectionId, reason }, 'connection ended')`. */
export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(fields: Record<string, unknown>): Logger
}

/** Names of fields that are cut out wherever they stand, should one slip through. */
const REDACTED_FIELDS = ['password', 'token', 'secret', 'key', 'otp', 'cookie', 'authorization', 'csr', 'joinToken']

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
    redact: {
      paths: REDACTED_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[secret]',
    },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
