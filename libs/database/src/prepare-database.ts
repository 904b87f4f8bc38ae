import { describeError, type Secret } from '@sallyport/foundation'
import pg from 'pg'

import { DatabaseError } from './database-error.ts'
import { applyMigrations } from './migrations.ts'
import { ensureServiceLogin, servicePassword, serviceUrl } from './service-role.ts'
import { refuseUnprotectedTables } from './tenant-isolation.ts'

/** What `prepareDatabase` needs. */
export interface DatabasePreparation {
  /** A user that may create tables and roles; used here only. */
  readonly ownerUrl: string
  readonly masterKey: Uint8Array
  /**
   * Gets the sealed secrets of an existing installation before anything is changed on its role, and throws when the
   * master key does not open them.
   */
  readonly verifySecrets: (sealed: ReadonlyMap<string, Uint8Array>) => void
}

/** Migrates the database, proves that tenants are isolated, and gives the URL of the role that the service runs with. */
export async function prepareDatabase(preparation: DatabasePreparation): Promise<{
  serviceUrl: Secret<string>
  appliedMigrations: readonly string[]
}> {
  const { ownerUrl, masterKey } = preparation
  await using owner = await connectOwner(ownerUrl)
  const appliedMigrations = await applyMigrations(ownerUrl).catch((error: unknown) => {
    throw new DatabaseError(
      'database-refused',
      `the migrations cannot be applied; the user of DATABASE_URL must own its database and have CREATEROLE: ` +
        describeError(error),
      error,
    )
  })
  await refuseUnprotectedTables(owner.client)
  preparation.verifySecrets(await readSealedSecrets(owner.client))
  const password = servicePassword(masterKey)
  await ensureServiceLogin(owner.client, ownerUrl, password)
  return { serviceUrl: serviceUrl(ownerUrl, password), appliedMigrations }
}

async function connectOwner(ownerUrl: string): Promise<AsyncDisposable & { client: pg.Client }> {
  const client = new pg.Client({ connectionString: ownerUrl, connectionTimeoutMillis: 3000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
  } catch (error) {
    const refused = error instanceof pg.DatabaseError && error.code !== '57P03'
    throw new DatabaseError(
      refused ? 'database-refused' : 'database-unreachable',
      `the database of DATABASE_URL ${refused ? 'refuses the connection' : 'cannot be reached'}: ${describeError(error)}`,
      error,
    )
  }
  return { client, [Symbol.asyncDispose]: () => client.end() }
}

async function readSealedSecrets(owner: pg.Client): Promise<Map<string, Uint8Array>> {
  const found = await owner.query<{ name: string; sealed: Uint8Array }>('SELECT name, sealed FROM platform_secrets')
  return new Map(found.rows.map((row) => [row.name, row.sealed]))
}
