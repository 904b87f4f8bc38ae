import type { Prisma, PrismaClient } from './generated/client.ts'

type PlatformTables = 'joinToken' | 'liveConnection' | 'platformSecret' | 'service' | 'tenant'

/** The tables that no tenant owns. Rows of tenants are out of reach: row-level security refuses them without a tenant. */
export type PlatformSession = Pick<PrismaClient, PlatformTables | '$queryRaw'>

/** The same inside one transaction. */
export type PlatformTransaction = Pick<Prisma.TransactionClient, PlatformTables>
