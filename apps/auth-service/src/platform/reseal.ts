import { open, seal } from '@sallyport/certificate-authority'
import type { OwnerSession } from '@sallyport/database'
import type { Secret } from '@sallyport/foundation'
import { z } from 'zod'

interface SealedColumn {
  readonly purpose: string
  readonly table: string
  readonly column: string
  readonly idColumn: string
  /** What `seal` was told about the row. */
  readonly ownerOf: (id: string, tenantId: string) => string
}

const OF_PLATFORM: readonly SealedColumn[] = [
  { purpose: 'platform secret', table: 'platform_secrets', column: 'sealed', idColumn: 'name', ownerOf: (id) => id },
  { purpose: 'cookie key', table: 'cookie_keys', column: 'sealed', idColumn: 'id', ownerOf: (id) => id },
]
const ofTenant = (id: string, tenantId: string): string => `${tenantId}/${id}`
const OF_TENANT: readonly SealedColumn[] = [
  {
    purpose: 'tenant authority key',
    table: 'certificate_authorities',
    column: 'sealed_key',
    idColumn: 'id',
    ownerOf: ofTenant,
  },
  { purpose: 'static key', table: 'static_keys', column: 'sealed', idColumn: 'tenant_id', ownerOf: (id) => id },
  { purpose: 'totp secret', table: 'users', column: 'totp_secret', idColumn: 'id', ownerOf: ofTenant },
]

const sealedRow = z.object({ id: z.string(), sealed: z.instanceof(Uint8Array) })

/**
 * Seals everything that an earlier version sealed with the master key itself with the data key instead. Instances of
 * that version cannot go on afterwards. What is newer than the data key was never sealed otherwise and is not here.
 */
export async function resealDatabase(
  session: OwnerSession,
  masterKey: Secret<Uint8Array>,
  dataKey: Secret<Uint8Array>,
): Promise<void> {
  const keys = { from: masterKey, to: dataKey }
  for (const column of OF_PLATFORM) await resealColumn(session, column, keys)
  const tenants = z.array(z.object({ id: z.string() })).parse(await session.query('SELECT id FROM tenants'))
  for (const { id } of tenants) {
    // The owner is bound by row-level security as well, unless it is a superuser.
    await session.query("SELECT set_config('sallyport.tenant_id', $1, true)", [id])
    for (const column of OF_TENANT) await resealColumn(session, column, keys, id)
  }
}

async function resealColumn(
  session: OwnerSession,
  { purpose, table, column, idColumn, ownerOf }: SealedColumn,
  keys: { from: Secret<Uint8Array>; to: Secret<Uint8Array> },
  tenantId?: string,
): Promise<void> {
  const ofThisTenant = tenantId === undefined ? '' : ' AND tenant_id = $1'
  const found = await session.query(
    `SELECT ${idColumn} AS id, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL${ofThisTenant}`,
    tenantId === undefined ? [] : [tenantId],
  )
  for (const { id, sealed } of z.array(sealedRow).parse(found)) {
    const owner = ownerOf(id, tenantId ?? '')
    const plaintext = open(keys.from, purpose, owner, sealed)
    const anew = seal(keys.to, purpose, owner, plaintext)
    plaintext.fill(0)
    const place = tenantId === undefined ? '' : ' AND tenant_id = $3'
    await session.query(`UPDATE ${table} SET ${column} = $2 WHERE ${idColumn} = $1${place}`, [
      id,
      anew,
      ...(tenantId === undefined ? [] : [tenantId]),
    ])
  }
}
