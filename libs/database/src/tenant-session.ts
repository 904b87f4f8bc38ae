import type { Prisma, PrismaClient } from './generated/client.ts'

/** A transaction in which row-level security shows one tenant's rows. Do not keep it beyond the call it was given to. */
export type TenantSession = Pick<
  Prisma.TransactionClient,
  'auditEvent' | 'certificateAuthority' | 'connection' | 'device' | 'network' | 'tenant' | 'user'
>

/** Opens the transaction and names the tenant to PostgreSQL, for this transaction only. */
export async function runTenantSession<Result>(
  prisma: PrismaClient,
  tenantId: string,
  work: (session: TenantSession) => Promise<Result>,
): Promise<Result> {
  return prisma.$transaction(async (transaction) => {
    await transaction.$queryRaw`SELECT set_config('sallyport.tenant_id', ${tenantId}, true)`
    return work(transaction)
  })
}
