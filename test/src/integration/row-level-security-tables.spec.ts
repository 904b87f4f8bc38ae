import { randomUUID } from 'node:crypto'

import { PLATFORM_TABLES, prepareDatabase } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'
import { type ThrowawayPostgres, throwawayPostgres } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

const OURS = '11111111-1111-4111-8111-111111111111'
const THEIRS = '22222222-2222-4222-8222-222222222222'
const openDataKey = (): Promise<Secret<Uint8Array>> => Promise.resolve(new Secret(new Uint8Array(32).fill(7)))

/** A value of every type that a column without a default has. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  uuid: randomUUID,
  text: () => 'x',
  bytea: () => Buffer.alloc(1),
  'timestamp with time zone': () => new Date(),
  integer: () => 1,
  bigint: () => 1,
  boolean: () => true,
  jsonb: () => '{}',
  ARRAY: () => [],
}

interface Table {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: string }[]
}

let postgres: ThrowawayPostgres
let owner: pg.Client
let service: pg.Client
let tables: readonly Table[]

beforeAll(async () => {
  postgres = await throwawayPostgres()
  const { serviceUrl } = await prepareDatabase({ ownerUrl: postgres.url, openDataKey })
  owner = new pg.Client({ connectionString: postgres.url })
  service = new pg.Client({ connectionString: serviceUrl.reveal() })
  await Promise.all([owner.connect(), service.connect()])
  tables = await readTables()
  // Rows need not make sense here, and another refusal must not stand in for the one that is looked for.
  for (const { name } of tables) await dropOtherConstraints(name)
  await owner.query("SET session_replication_role = 'replica'")
  for (const table of tables)
    for (const tenantId of [OURS, THEIRS]) {
      const { sql, values } = insertInto(table, tenantId)
      await owner.query(sql, values)
    }
})

afterAll(async () => {
  await Promise.all([owner.end(), service.end()])
  await postgres[Symbol.asyncDispose]()
})

it('has a row of each tenant in every table', async () => {
  expect(tables.length).toBeGreaterThanOrEqual(17)
  for (const [name, rows] of Object.entries(await everything()))
    expect(rows.map((row) => row.includes(THEIRS)).sort(), name).toEqual([false, true])
})

it('shows, changes, deletes and adds nothing of another tenant in any table', async () => {
  const before = await everything()
  for (const table of tables) {
    const { name } = table
    const theirs = `WHERE tenant_id = '${THEIRS}'`
    expect(await attempt(`SELECT 1 FROM ${name}`), name).toBe(1)
    expect(await attempt(`SELECT 1 FROM ${name} ${theirs}`), name).toBe(0)
    expect([0, 'denied'], name).toContain(await attempt(`UPDATE ${name} SET tenant_id = tenant_id ${theirs}`))
    expect([0, 'denied'], name).toContain(await attempt(`DELETE FROM ${name} ${theirs}`))
    expect(await attempt(`UPDATE ${name} SET tenant_id = '${THEIRS}'`), name).toBe('denied')
    const { sql, values } = insertInto(table, THEIRS)
    expect(await attempt(sql, values), name).toBe('denied')
    expect(await attempt(`TRUNCATE ${name}`), name).toBe('denied')
  }
  expect(await everything()).toEqual(before)
})

it('adds rows of the tenant itself where the service may add any', async () => {
  const added = await Promise.all(tables.map(({ name }) => mayInsert(name)))
  for (const table of tables.filter((_, index) => added[index])) {
    const { sql, values } = insertInto(table, OURS)
    expect([1, 'other'], table.name).toContain(await attempt(sql, values))
  }
  expect(added.filter(Boolean).length).toBeGreaterThan(10)
})

it('reads no table without a tenant', async () => {
  for (const { name } of tables)
    await expect(service.query(`SELECT * FROM ${name}`), name).rejects.toThrow(
      /sallyport.tenant_id|uuid|permission denied/,
    )
})

/** Runs a statement as the service with our tenant named, and takes it back. */
async function attempt(sql: string, values: readonly unknown[] = []): Promise<number | 'denied' | 'other'> {
  await service.query('BEGIN')
  try {
    await service.query("SELECT set_config('sallyport.tenant_id', $1, true)", [OURS])
    return (await service.query(sql, [...values])).rowCount ?? 0
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    return /row-level security|permission denied/.test(message) ? 'denied' : 'other'
  } finally {
    await service.query('ROLLBACK')
  }
}

async function mayInsert(table: string): Promise<boolean> {
  const { rows } = await owner.query<{ may: boolean }>(
    "SELECT has_table_privilege('sallyport_service', $1, 'INSERT') AS may",
    [table],
  )
  return rows[0]?.may === true
}

async function readTables(): Promise<Table[]> {
  const { rows } = await owner.query<{ table: string; column: string; type: string; required: boolean }>(
    `SELECT table_name AS table, column_name AS column, data_type AS type,
       is_nullable = 'NO' AND column_default IS NULL AND is_generated = 'NEVER' AS required
     FROM information_schema.columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position`,
  )
  const names = [...new Set(rows.map(({ table }) => table))].filter(
    (name) => !PLATFORM_TABLES.some((one) => one === name),
  )
  return names.map((name) => ({
    name,
    columns: rows
      .filter(({ table, required, column }) => table === name && (required || column === 'tenant_id'))
      .map(({ column, type }) => ({ name: column, type })),
  }))
}

function insertInto({ name, columns }: Table, tenantId: string): { sql: string; values: unknown[] } {
  const values = columns.map((column) => (column.name === 'tenant_id' ? tenantId : VALUES[column.type]?.()))
  const places = values.map((_, index) => `$${String(index + 1)}`).join(', ')
  return { sql: `INSERT INTO ${name} (${columns.map((one) => one.name).join(', ')}) VALUES (${places})`, values }
}

async function dropOtherConstraints(table: string): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    "SELECT conname AS name FROM pg_constraint WHERE conrelid = $1::regclass AND contype IN ('c', 'f')",
    [table],
  )
  for (const { name } of rows) await owner.query(`ALTER TABLE ${table} DROP CONSTRAINT "${name}" CASCADE`)
}

/** Every row of every table, as the owner of the database sees them. */
async function everything(): Promise<Readonly<Record<string, readonly string[]>>> {
  const found: Record<string, readonly string[]> = {}
  for (const { name } of tables) {
    const { rows } = await owner.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t ORDER BY 1`)
    found[name] = rows.map(({ row }) => row)
  }
  return found
}
