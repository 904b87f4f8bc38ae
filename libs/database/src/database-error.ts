import { errorCode, SallyportError } from '@sallyport/foundation'

import { Prisma } from './generated/client.ts'

export type DatabaseErrorCode =
  'database-unreachable' | 'database-refused' | 'database-role-unusable' | 'tenant-table-unprotected'

/** The database cannot be used as it is; `message` says what is missing. */
export class DatabaseError extends SallyportError {
  declare readonly code: DatabaseErrorCode

  constructor(code: DatabaseErrorCode, message: string, cause?: unknown) {
    super(code, message, { cause })
  }
}

const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  // Prisma: cannot reach, timed out, connection closed, pool or transaction slot not free in time, transaction lost.
  'P1001',
  'P1002',
  'P1008',
  'P1017',
  'P2024',
  'P2028',
  'P2037',
  // PostgreSQL: connection lost, shut down, starting up, too many connections, statement timed out.
  '08000',
  '08003',
  '08006',
  '53300',
  '57014',
  '57P01',
  '57P02',
  '57P03',
])
const UNREACHABLE_TEXT =
  /connection terminated|timeout exceeded|server has closed|query read timeout|closed the connection|is not queryable/i

/** Where Prisma passes an error of PostgreSQL on that it has no code of its own for. */
const POSTGRES_CODE = /Code: `([0-9A-Z]{5})`/

/** What the driver adapter says of a connection that it lost; begin and commit of a transaction throw it unwrapped. */
const UNREACHABLE_KINDS = new Set(['DatabaseNotReachable', 'ConnectionClosed', 'SocketTimeout', 'TooManyConnections'])

/** Tells whether an error means that PostgreSQL is away for now, so that asking again later makes sense. */
export function isDatabaseAway(error: unknown): boolean {
  for (let cause: unknown = error, depth = 0; depth < 5; cause = cause.cause, depth += 1) {
    if (UNREACHABLE_CODES.has(errorCode(cause) ?? '')) return true
    if (!(cause instanceof Error)) return UNREACHABLE_KINDS.has(kindOf(cause) ?? '')
    if (cause instanceof Prisma.PrismaClientInitializationError) return true
    if (cause instanceof AggregateError && cause.errors.some(isDatabaseAway)) return true
    if (UNREACHABLE_CODES.has(POSTGRES_CODE.exec(cause.message)?.[1] ?? '')) return true
    if (UNREACHABLE_TEXT.test(cause.message)) return true
  }
  return false
}

function kindOf(cause: unknown): string | undefined {
  if (typeof cause !== 'object' || cause === null || !('kind' in cause)) return undefined
  return typeof cause.kind === 'string' ? cause.kind : undefined
}

/** Tells whether an insert or update met a row that has the same unique value. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002'
}
