import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { applyMigrations, prepareDatabase, schemaDrift } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'
import { type ThrowawayPostgres, throwawayPostgres } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const openDataKey = (): Promise<Secret<Uint8Array>> => Promise.resolve(new Secret(new Uint8Array(32).fill(7)))

let postgres: ThrowawayPostgres

beforeAll(async () => {
  postgres = await throwawayPostgres()
})

afterAll(() => postgres[Symbol.asyncDispose]())

async function query(url: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

/** A database that belongs to an ordinary role with these attributes. */
async function databaseOf(role: string, attributes: string): Promise<string> {
  const url = await postgres.createDatabase()
  const name = new URL(url).pathname.slice(1)
  await query(url, `CREATE ROLE ${role} LOGIN NOSUPERUSER ${attributes} PASSWORD 'x'`)
  await query(url, `ALTER DATABASE "${name}" OWNER TO ${role}`)
  return url.replace(/\/\/[^@]*@/, `//${role}:x@`)
}

it('applies each migration once, also when several instances start at the same time', async () => {
  const url = await postgres.createDatabase()
  const applied = await Promise.all([applyMigrations(url), applyMigrations(url), applyMigrations(url)])
  expect(applied.flat().toSorted()).toEqual([...new Set(applied.flat())].toSorted())
  expect(applied.flat()).toContain('20261122000000_init')
  expect(await applyMigrations(url)).toEqual([])
})

it('brings a database of the first version forward, with what is in it', async () => {
  const url = await postgres.createDatabase()
  const first = await readFile(`${ROOT}/prisma/migrations/20261122000000_init/migration.sql`, 'utf8')
  await query(url, first)
  await query(url, "INSERT INTO tenants (slug, name) VALUES ('old', 'Old')")
  await query(url, "INSERT INTO platform_secrets (name, sealed) VALUES ('cookie-key', 'x'), ('cluster-ca', 'x')")
  const next = await readFile(`${ROOT}/prisma/migrations/20261123000000_client_dialogues/migration.sql`, 'utf8')
  await query(url, next)
  const tenants = await query(url, 'SELECT legacy_clients, web_sign_in, renegotiate_seconds FROM tenants')
  expect(tenants.rows).toEqual([{ legacy_clients: 'off', web_sign_in: false, renegotiate_seconds: 4320 }])
  expect((await query(url, 'SELECT name FROM platform_secrets')).rows).toEqual([{ name: 'cluster-ca' }])
})

it('describes in schema.prisma what the migrations make', async () => {
  expect(await schemaDrift(postgres.url)).toBe('')
})

it('leaves no shadow database behind', async () => {
  const found = await query(postgres.url, "SELECT 1 FROM pg_database WHERE datname LIKE 'sallyport_shadow%'")
  expect(found.rowCount).toBe(0)
})

it('works with an owner who is no superuser but may create roles, once the role is theirs to administer', async () => {
  const url = await databaseOf('plain_owner', 'CREATEROLE')
  await query(postgres.url, 'GRANT sallyport_service TO plain_owner WITH ADMIN OPTION')
  const preparation = { ownerUrl: url, openDataKey }
  expect((await prepareDatabase(preparation)).appliedMigrations).toContain('20261122000000_init')
  expect((await prepareDatabase(preparation)).appliedMigrations).toEqual([])
})

it('says what a user without rights lacks', async () => {
  const url = await postgres.createDatabase()
  await query(url, "CREATE ROLE stranger LOGIN NOSUPERUSER PASSWORD 'x'")
  const ownerUrl = url.replace(/\/\/[^@]*@/, '//stranger:x@')
  const start = prepareDatabase({ ownerUrl, openDataKey })
  await expect(start).rejects.toMatchObject({
    code: 'database-refused',
    message: matching(/must own its database/),
  })
})

it('tells an unreachable database from one that refuses', async () => {
  const away = prepareDatabase({ ownerUrl: 'postgresql://x@127.0.0.1:1/x', openDataKey })
  await expect(away).rejects.toMatchObject({ code: 'database-unreachable' })
  const missing = new URL(postgres.url)
  missing.pathname = '/no_such_database'
  const refused = prepareDatabase({ ownerUrl: missing.toString(), openDataKey })
  await expect(refused).rejects.toMatchObject({ code: 'database-refused' })
})

it('sets no password when the secrets cannot be opened', async () => {
  const ownerUrl = await postgres.createDatabase()
  const passwordOf = async (): Promise<unknown> =>
    (await query(ownerUrl, "SELECT rolpassword FROM pg_authid WHERE rolname = 'sallyport_service'")).rows
  const before = await passwordOf()
  const wrongKey = (): Promise<never> => Promise.reject(new Error('wrong key'))
  await expect(prepareDatabase({ ownerUrl, openDataKey: wrongKey })).rejects.toThrow('wrong key')
  expect(await passwordOf()).toEqual(before)
})

it('lets Prisma’s own command line work without a download', async () => {
  const url = await postgres.createDatabase()
  const env = { ...process.env, DATABASE_URL: url, PATH: `${ROOT}/node_modules/.bin:${process.env['PATH'] ?? ''}` }
  const prisma = (...args: string[]) => promisify(execFile)('prisma', args, { cwd: ROOT, env })
  expect((await prisma('migrate', 'deploy')).stdout).toContain('successfully applied')
  expect((await prisma('migrate', 'status')).stdout).toContain('up to date')
})
