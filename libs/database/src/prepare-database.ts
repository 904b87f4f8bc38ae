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
  /**
   * Opens the installation's data key, makes it in an empty one, or throws before anything is changed on the role. It
   * runs in one transaction of the owner, one instance at a time.
   */
  readonly openDataKey: (session: OwnerSession) => Promise<Secret<Uint8Array>>
}

/** A transaction of the database's owner, for what is done before the service's role can sign in. */
export interface OwnerSession {
  readonly query: (sql: string, values?: readonly unknown[]) => Promise<readonly unknown[]>
}

/** PostgreSQL's number of the lock for making the data key. */
const DATA_KEY_LOCK = 0x7370646b

/** Migrates the database, proves that tenants are isolated, and gives the URL of the role that the service runs with. */
export async function prepareDatabase(preparation: DatabasePreparation): Promise<{
  serviceUrl: Secret<string>
  dataKey: Secret<Uint8Array>
  appliedMigrations: readonly string[]
}> {
  const { ownerUrl, openDataKey } = preparation
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
  const dataKey = await inTransaction(owner.client, openDataKey)
  const password = servicePassword(dataKey.reveal())
  await ensureServiceLogin(owner.client, ownerUrl, password)
  return { serviceUrl: serviceUrl(ownerUrl, password), dataKey, appliedMigrations }
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

async function inTransaction<Result>(
  client: pg.Client,
  work: (session: OwnerSession) => Promise<Result>,
): Promise<Result> {
  await client.query('BEGIN')
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [DATA_KEY_LOCK])
    const result = await work({
      query: async (sql, values) => (await client.query<object>(sql, values === undefined ? [] : [...values])).rows,
    })
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}
