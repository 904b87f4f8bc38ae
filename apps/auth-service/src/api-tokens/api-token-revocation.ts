import type { TenantSession } from '@sallyport/database'

/** Revokes every API token of a user, in the transaction that ends their sessions. */
export async function revokeTokensOf(
  session: TenantSession,
  { tenantId, id: userId }: { readonly tenantId: string; readonly id: string },
  revokedAt: Date,
): Promise<void> {
  await session.apiToken.updateMany({ where: { tenantId, userId, revokedAt: null }, data: { revokedAt } })
}
