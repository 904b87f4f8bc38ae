import type { Prisma, PrismaClient } from './generated/client.ts'

/** PostgreSQL's number of the lock for what depends on which tenant has which network namespace. */
export const NAMESPACES_LOCK = 0x73706e73

/** A transaction in which row-level security shows one tenant's rows. Do not keep it beyond the call it was given to. */
export type TenantSession = Pick<
  Prisma.TransactionClient,
  | 'apiToken'
  | 'auditChainLink'
  | 'auditEvent'
  | 'branding'
  | 'certificateAuthority'
  | 'connection'
  | 'device'
  | 'group'
  | 'groupMember'
  | 'network'
  | 'oneTimeLink'
  | 'passkey'
  | 'policy'
  | 'recoveryCode'
  | 'revokedCertificate'
  | 'staticKey'
  | 'tenant'
  | 'user'
  | 'webhook'
  | '$queryRaw'
>

/**
 * Opens the transaction and names the tenant to PostgreSQL, for this transaction only. With `lock`, no other transaction
 * with that lock runs at the same time in any process; `timeout` (ms) is for work that takes longer than most.
 */
export async function runTenantSession<Result>(
  prisma: PrismaClient,
  tenantId: string,
  work: (session: TenantSession) => Promise<Result>,
  { lock, timeout }: { readonly lock?: number; readonly timeout?: number } = {},
): Promise<Result> {
  const run = async (transaction: Prisma.TransactionClient): Promise<Result> => {
    if (lock !== undefined) await transaction.$executeRaw`SELECT pg_advisory_xact_lock(${lock}::bigint)`
    await transaction.$queryRaw`SELECT set_config('sallyport.tenant_id', ${tenantId}, true)`
    return work(transaction)
  }
  return prisma.$transaction(run, timeout === undefined ? {} : { timeout })
}
