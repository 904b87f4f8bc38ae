import { Database, PLATFORM_TABLES, prepareDatabase, unprotectedTables } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'
import { type ThrowawayPostgres, throwawayPostgres } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const OURS = '11111111-1111-4111-8111-111111111111'
const THEIRS = '22222222-2222-4222-8222-222222222222'
const USER_OF_OURS = '33333333-3333-4333-8333-333333333333'
const openDataKey = (): Promise<Secret<Uint8Array>> => Promise.resolve(new Secret(new Uint8Array(32).fill(7)))

let postgres: ThrowawayPostgres
let owner: pg.Client
let service: pg.Client
let database: Database

beforeAll(async () => {
  postgres = await throwawayPostgres()
  const prepared = await prepareDatabase({ ownerUrl: postgres.url, openDataKey })
  database = new Database(prepared.serviceUrl, () => undefined)
  owner = new pg.Client({ connectionString: postgres.url })
  service = new pg.Client({ connectionString: prepared.serviceUrl.reveal() })
  await Promise.all([owner.connect(), service.connect()])
  for (const [id, slug] of [
    [OURS, 'ours'],
    [THEIRS, 'theirs'],
  ] as const) {
    await database.platform.tenant.create({ data: { id, slug, name: slug } })
    const userId = id === OURS ? USER_OF_OURS : THEIRS
    await database.withTenant(id, async (session) => {
      const tenantId = id
      await session.user.create({ data: { tenantId, id: userId, username: 'alice', passwordHash: 'x' } })
      await session.network.create({ data: { tenantId, id: userId, name: 'main', ipv4: '10.8.0.0/24' } })
      const authority = { certificate: 'x', sealedKey: new Uint8Array(1), notAfter: new Date() }
      await session.certificateAuthority.create({ data: { tenantId, id: userId, ...authority } })
      await session.staticKey.create({ data: { tenantId, mode: 'tls-crypt', sealed: new Uint8Array(1) } })
      await session.auditEvent.create({ data: { tenantId, actor: 'test', action: 'test', outcome: 'ok' } })
    })
  }
})

afterAll(async () => {
  await Promise.all([owner.end(), service.end()])
  await database[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

/** Runs statements as the service's role in one transaction of a tenant and takes them back. */
async function asTenant(tenantId: string, ...statements: string[]): Promise<pg.QueryResult> {
  await service.query('BEGIN')
  try {
    await service.query("SELECT set_config('sallyport.tenant_id', $1, true)", [tenantId])
    let result = await service.query('SELECT 1')
    for (const statement of statements) result = await service.query(statement)
    return result
  } finally {
    await service.query('ROLLBACK')
  }
}

async function tenantTables(): Promise<string[]> {
  const tables = await owner.query<{ name: string }>(
    "SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
  )
  return tables.rows.map((row) => row.name).filter((name) => !PLATFORM_TABLES.some((table) => table === name))
}

it('protects every table that is not named as the platform’s', async () => {
  expect(await unprotectedTables(owner)).toEqual([])
  expect((await tenantTables()).length).toBeGreaterThanOrEqual(7)
})

it.each([
  ['no row-level security', 'CREATE TABLE forgotten (tenant_id uuid NOT NULL)'],
  [
    'no tenant',
    'CREATE TABLE forgotten (id uuid); ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
  ],
  [
    'an owner who passes',
    `CREATE TABLE forgotten (tenant_id uuid NOT NULL); ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY;
     CREATE POLICY tenant_isolation ON forgotten USING (tenant_id = current_setting('sallyport.tenant_id')::uuid)
     WITH CHECK (tenant_id = current_setting('sallyport.tenant_id')::uuid)`,
  ],
  [
    'a policy that lets everything through',
    `CREATE TABLE forgotten (tenant_id uuid NOT NULL);
     ALTER TABLE forgotten ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
     CREATE POLICY tenant_isolation ON forgotten USING (tenant_id = current_setting('sallyport.tenant_id')::uuid)
     WITH CHECK (tenant_id = current_setting('sallyport.tenant_id')::uuid);
     CREATE POLICY everybody ON forgotten USING (true)`,
  ],
])('refuses to start on a new table with %s', async (_, sql) => {
  await owner.query(sql)
  try {
    const start = prepareDatabase({ ownerUrl: postgres.url, openDataKey })
    await expect(start).rejects.toMatchObject({
      code: 'tenant-table-unprotected',
      message: matching(/forgotten/),
    })
  } finally {
    await owner.query('DROP TABLE forgotten')
  }
})

it('shows no row of another tenant in any table', async () => {
  for (const table of await tenantTables()) {
    const seen = await asTenant(OURS, `SELECT count(*)::int AS n FROM ${table} WHERE tenant_id = '${THEIRS}'`)
    expect(seen.rows, table).toEqual([{ n: 0 }])
  }
  for (const table of ['users', 'networks', 'static_keys', 'audit_events']) {
    expect((await asTenant(OURS, `SELECT 1 FROM ${table}`)).rowCount, table).toBeGreaterThan(0)
  }
  const keys = await database.withTenant(OURS, (session) => session.staticKey.findMany())
  expect(keys.map((key) => key.tenantId)).toEqual([OURS])
  const users = await database.withTenant(OURS, (session) => session.user.findMany())
  expect(users.map((user) => user.tenantId)).toEqual([OURS])
})

it('does not read without a tenant', async () => {
  for (const table of await tenantTables()) {
    await expect(service.query(`SELECT * FROM ${table}`), table).rejects.toThrow(/sallyport.tenant_id|uuid/)
  }
  await expect(database.platform.$queryRaw`SELECT * FROM users`).rejects.toThrow(/uuid|sallyport.tenant_id/)
})

it('forgets the tenant with the transaction', async () => {
  await database.withTenant(OURS, (session) => session.user.findMany())
  await expect(database.platform.$queryRaw`SELECT * FROM users`).rejects.toThrow()
})

it('neither inserts for another tenant nor moves a row to one', async () => {
  const insert = `INSERT INTO users (tenant_id, username, password_hash) VALUES ('${THEIRS}', 'mallory', 'x')`
  await expect(asTenant(OURS, insert)).rejects.toThrow(/row-level security/)
  await expect(asTenant(OURS, `UPDATE users SET tenant_id = '${THEIRS}'`)).rejects.toThrow(/row-level security/)
  const update = await asTenant(OURS, `UPDATE users SET role = 'administrator' WHERE tenant_id = '${THEIRS}'`)
  expect(update.rowCount).toBe(0)
  const remove = await asTenant(OURS, `DELETE FROM static_keys WHERE tenant_id = '${THEIRS}'`)
  expect(remove.rowCount).toBe(0)
})

it('refuses a reference to a row of another tenant', async () => {
  const columns = 'tenant_id, user_id, network_id, authority_id, name, certificate, certificate_serial'
  const device = (userId: string, authorityId: string): string =>
    `INSERT INTO devices (${columns}, certificate_sha256, certificate_not_after)
     VALUES ('${OURS}', '${userId}', '${USER_OF_OURS}', '${authorityId}', 'x', 'x', 'x', 'x', now())`
  await expect(asTenant(OURS, device(THEIRS, USER_OF_OURS))).rejects.toThrow(/foreign key.*user_id/)
  await expect(asTenant(OURS, device(USER_OF_OURS, THEIRS))).rejects.toThrow(/foreign key.*authority_id/)
})

it.each([
  'RESET ROLE',
  'SET row_security = off',
  'SET ROLE sallyport_owner',
  'ALTER TABLE users DISABLE ROW LEVEL SECURITY',
])('holds against %s', async (escape) => {
  const tryIt = asTenant(OURS, escape, `SELECT count(*)::int AS n FROM users WHERE tenant_id = '${THEIRS}'`)
  // Some of these PostgreSQL refuses outright; those that pass must change nothing.
  const outcome = await tryIt.then((result): unknown => result.rows).catch(() => 'refused')
  expect([[{ n: 0 }], 'refused']).toContainEqual(outcome)
})

it('leaves the audit log as it was written', async () => {
  await expect(asTenant(OURS, "UPDATE audit_events SET actor = 'x'")).rejects.toThrow(/permission denied/)
  await expect(asTenant(OURS, 'DELETE FROM audit_events')).rejects.toThrow(/permission denied/)
  await expect(asTenant(OURS, 'TRUNCATE audit_events')).rejects.toThrow(/permission denied/)
})

it('runs with a role that owns nothing and cannot pass row-level security', async () => {
  const role = await owner.query(
    `SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
       (SELECT count(*)::int FROM pg_class WHERE relowner = pg_roles.oid) AS owned
     FROM pg_roles WHERE rolname = 'sallyport_service'`,
  )
  expect(role.rows).toEqual([
    { rolsuper: false, rolbypassrls: false, rolcreaterole: false, rolcreatedb: false, owned: 0 },
  ])
})

it('keeps user names apart whatever their letter case', async () => {
  const insert = `INSERT INTO users (tenant_id, username, password_hash) VALUES ('${OURS}', 'Alice', 'x')`
  await expect(asTenant(OURS, insert)).rejects.toThrow(/check constraint/)
  await expect(asTenant(OURS, insert.replace('Alice', 'alice'))).rejects.toThrow(/unique/)
})
