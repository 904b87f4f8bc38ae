import type { Prisma, PrismaClient } from './generated/client.ts'

/** PostgreSQL's number of the lock for adding and removing cookie keys. */
export const COOKIE_KEYS_LOCK = 0x73706363

type PlatformTables = 'cookieKey' | 'joinToken' | 'liveConnection' | 'platformSecret' | 'service' | 'tenant'

/** The tables that no tenant owns. Rows of tenants are out of reach: row-level security refuses them without a tenant. */
export type PlatformSession = Pick<PrismaClient, PlatformTables | '$queryRaw'>

/** The same inside one transaction. */
export type PlatformTransaction = Pick<Prisma.TransactionClient, PlatformTables>
