import { PrismaPg } from '@prisma/adapter-pg'
import type { Secret } from '@sallyport/foundation'

import { PrismaClient } from './generated/client.ts'
import { COOKIE_KEYS_LOCK, type PlatformSession, type PlatformTransaction } from './platform-session.ts'
import { TenantFunctions } from './tenant-functions.ts'
import { NAMESPACES_LOCK, runTenantSession, type TenantSession } from './tenant-session.ts'

const MAX_CONNECTIONS = 20
/** A caller waits at most this long for a free connection, for a statement, and for its answer. */
const WAIT_MS = 2000
const TRANSACTION_MS = 3000
const LONG_TRANSACTION_MS = 30_000

/**
 * The database of the running service. It gives rows of one tenant by `withTenant`, the same by a few functions in the
 * database for what is asked most, the tables that no tenant owns by `platform`, and nothing else.
 */
export class Database {
  readonly #prisma: PrismaClient
  /** Tables without tenant. */
  readonly platform: PlatformSession
  /** What nodes ask, in batches. */
  readonly tenantFunctions: TenantFunctions

  /** Connects lazily; `onConnectionError` hears of idle connections that broke (they are replaced when needed). */
  constructor(url: Secret<string>, onConnectionError: (error: Error) => void) {
    const adapter = new PrismaPg(
      {
        connectionString: url.reveal(),
        max: MAX_CONNECTIONS,
        connectionTimeoutMillis: WAIT_MS,
        statement_timeout: WAIT_MS,
        query_timeout: WAIT_MS,
        idleTimeoutMillis: 30_000,
        keepAlive: true,
      },
      { onPoolError: onConnectionError, onConnectionError },
    )
    this.#prisma = new PrismaClient({
      adapter,
      transactionOptions: { maxWait: WAIT_MS, timeout: TRANSACTION_MS },
      errorFormat: 'minimal',
      log: [],
    })
    this.platform = this.#prisma
    this.tenantFunctions = new TenantFunctions(url, WAIT_MS, onConnectionError)
  }

  /** Runs `work` in one transaction that sees and changes rows of this tenant only. */
  withTenant<Result>(tenantId: string, work: (session: TenantSession) => Promise<Result>): Promise<Result> {
    return runTenantSession(this.#prisma, tenantId, work)
  }

  /** As `withTenant`, for changes of thousands of rows: all its statements together may take ten times as long. */
  withTenantAtLength<Result>(tenantId: string, work: (session: TenantSession) => Promise<Result>): Promise<Result> {
    return runTenantSession(this.#prisma, tenantId, work, { timeout: LONG_TRANSACTION_MS })
  }

  /** As `withTenant`, one at a time in the whole installation: for what changes or relies on who may use a namespace. */
  withNamespaces<Result>(tenantId: string, work: (session: TenantSession) => Promise<Result>): Promise<Result> {
    return runTenantSession(this.#prisma, tenantId, work, { lock: NAMESPACES_LOCK })
  }

  /** Runs `work` in one transaction over the platform's tables. */
  withPlatform<Result>(work: (session: PlatformTransaction) => Promise<Result>): Promise<Result> {
    return this.#prisma.$transaction(work)
  }

  /** As `withPlatform`, one at a time in the whole installation: for what adds or removes cookie keys. */
  withCookieKeys<Result>(work: (session: PlatformTransaction) => Promise<Result>): Promise<Result> {
    return this.#prisma.$transaction(async (transaction) => {
      await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${COOKIE_KEYS_LOCK}::bigint)`
      return work(transaction)
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#prisma.$disconnect(), this.tenantFunctions[Symbol.asyncDispose]()])
  }
}
