import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

import { type AuditLine, type ChainVerdict, verifyChain } from '@sallyport/audit-chain'
import { applyMigrations } from '@sallyport/database'
import { type ThrowawayPostgres, throwawayPostgres } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

const MIGRATIONS = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url))
const ACCOUNTS = '20261125000000_accounts'
const OURS = '11111111-1111-4111-8111-111111111111'
const THEIRS = '22222222-2222-4222-8222-222222222222'
const USER = '33333333-3333-4333-8333-333333333333'
const SERVICE_PASSWORD = 'of this test only'

let postgres: ThrowawayPostgres
let url: string
let owner: pg.Client
const opened: pg.Client[] = []

beforeAll(async () => {
  postgres = await throwawayPostgres()
})

afterAll(() => postgres[Symbol.asyncDispose]())

beforeEach(async () => {
  url = await postgres.createDatabase()
  await applyMigrations(url)
  owner = await connect(url)
  await owner.query(`ALTER ROLE sallyport_service PASSWORD '${SERVICE_PASSWORD}'`)
  await owner.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'ours', 'x'), ($2, 'theirs', 'x')", [
    OURS,
    THEIRS,
  ])
  return async () => {
    await Promise.all(opened.splice(0).map((client) => client.end()))
  }
})

async function connect(connectionString: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  opened.push(client)
  return client
}

const connectAsService = () =>
  connect(url.replace(/\/\/[^@]*@/, `//sallyport_service:${encodeURIComponent(SERVICE_PASSWORD)}@`))

/** Runs statements in one transaction of a tenant. */
async function inTenant(client: pg.Client, tenantId: string, ...statements: string[]): Promise<void> {
  await client.query('BEGIN')
  try {
    await client.query("SELECT set_config('sallyport.tenant_id', $1, true)", [tenantId])
    for (const statement of statements) await client.query(statement)
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

const event = (action: string, tenantId = OURS, details = '\'{"n":1}\'') =>
  `INSERT INTO audit_events (tenant_id, actor, action, outcome, user_id, details)
   VALUES ('${tenantId}', 'user:ä€𐍈', '${action}', 'ok', '${USER}', ${details})`

async function linesOf(tenantId: string): Promise<AuditLine[]> {
  const { rows } = await owner.query<Record<string, unknown>>(
    `SELECT link.sequence::int, link.hash, event.id AS "eventId", event.at, event.actor, event.action, event.target,
       event.outcome, event.user_id AS "userId", event.details, event.details_sha256 AS "detailsSha256"
     FROM audit_chain link JOIN audit_events event ON event.tenant_id = link.tenant_id AND event.id = link.event_id
     WHERE link.tenant_id = $1 ORDER BY link.sequence`,
    [tenantId],
  )
  let previousHash = '0'.repeat(64)
  return rows.map((row) => {
    const at = row['at'] instanceof Date ? row['at'].toISOString() : ''
    const line = Object.assign({ tenantId, previousHash }, row, { at })
    previousHash = String(row['hash'])
    return lineOf(line)
  })
}

/** The query gives exactly these fields; a missing one fails the verification. */
function lineOf(row: object): AuditLine {
  return row as AuditLine
}

async function verify(tenantId = OURS): Promise<ChainVerdict> {
  const lines = await linesOf(tenantId)
  return verifyChain(
    (async function* () {
      for (const line of lines) yield await Promise.resolve(line)
    })(),
  )
}

it('chains events as the library computes it, each tenant apart', async () => {
  const service = await connectAsService()
  await inTenant(service, OURS, event('one'), event('two', OURS, 'NULL'), event('three'))
  await inTenant(service, THEIRS, event('other', THEIRS))
  await inTenant(service, OURS, event('four'))
  expect(await verify()).toMatchObject({ ok: true, count: 4 })
  expect(await verify(THEIRS)).toMatchObject({ ok: true, count: 1 })
  expect((await linesOf(OURS)).map(({ action }) => action)).toEqual(['one', 'two', 'three', 'four'])
})

it('hashes what is hard to write: other times, empty texts, quotes and every plane of Unicode', async () => {
  await owner.query(
    `INSERT INTO audit_events (tenant_id, at, actor, action, target, outcome, details) VALUES
     ($1, '1969-12-31T23:59:59.999Z', '', '', '', '', ''),
     ($1, '2026-03-29T02:30:00.001+02:00', '1:a-', '''"', E'line\\nline\\t', '𐍈', '{"ä":"€"}'),
     ($1, '9999-12-31T23:59:59.999Z', '-', '0:', NULL, '-', NULL)`,
    [OURS],
  )
  expect(await verify()).toMatchObject({ ok: true, count: 3 })
})

it('neither forks nor gaps when many transactions commit at once', async () => {
  const clients = await Promise.all(Array.from({ length: 20 }, connectAsService))
  const work = clients.flatMap((client, number) =>
    Array.from({ length: 10 }, (_, round) => ({ client, name: `${String(number)}-${String(round)}` })),
  )
  const running = new Map<pg.Client, Promise<unknown>>()
  for (const { client, name } of work) {
    const before = running.get(client) ?? Promise.resolve()
    running.set(
      client,
      before.then(() => inTenant(client, OURS, event(name), event(`${name}-second`))),
    )
  }
  await Promise.all(running.values())
  expect(await verify()).toMatchObject({ ok: true, count: 400, head: { sequence: 400 } })
})

it('leaves no gap where a transaction was rolled back', async () => {
  const service = await connectAsService()
  await inTenant(service, OURS, event('one'))
  await expect(inTenant(service, OURS, event('two'), 'SELECT 1 / 0')).rejects.toThrow(/division/)
  await inTenant(service, OURS, event('savepoint'), 'SAVEPOINT s', event('undone'), 'ROLLBACK TO SAVEPOINT s')
  await inTenant(service, OURS, event('three'))
  expect(await verify()).toMatchObject({ ok: true, count: 3 })
  const all = await owner.query('SELECT 1 FROM audit_events')
  expect(all.rowCount).toBe(3)
})

it('holds a tenant’s chain only while it commits', async () => {
  const [slow, quick] = await Promise.all([connectAsService(), connectAsService()])
  await slow.query('BEGIN')
  await slow.query("SELECT set_config('sallyport.tenant_id', $1, true)", [OURS])
  await slow.query(event('slow'))
  await inTenant(quick, OURS, "SET LOCAL statement_timeout = '2s'", event('quick'))
  await slow.query('COMMIT')
  expect((await linesOf(OURS)).map(({ action }) => action)).toEqual(['quick', 'slow'])
  expect(await verify()).toMatchObject({ ok: true, count: 2 })
})

it('chains also what does not wait for the end of its transaction', async () => {
  const [hasty, other] = await Promise.all([connectAsService(), connectAsService()])
  await hasty.query('BEGIN')
  await hasty.query("SELECT set_config('sallyport.tenant_id', $1, true)", [OURS])
  await hasty.query(event('one'))
  await hasty.query('SET CONSTRAINTS ALL IMMEDIATE')
  await hasty.query(event('two'))
  const waiting = inTenant(other, OURS, event('three'))
  await hasty.query('COMMIT')
  await waiting
  expect((await linesOf(OURS)).map(({ action }) => action)).toEqual(['one', 'two', 'three'])
  expect(await verify()).toMatchObject({ ok: true, count: 3 })
})

it('lets a transaction of a stricter isolation fail rather than fork', async () => {
  const [strict, other] = await Promise.all([connectAsService(), connectAsService()])
  await strict.query('BEGIN ISOLATION LEVEL SERIALIZABLE')
  await strict.query("SELECT set_config('sallyport.tenant_id', $1, true)", [OURS])
  await strict.query(event('strict'))
  await inTenant(other, OURS, event('other'))
  await expect(strict.query('COMMIT')).rejects.toThrow(/audit_chain_pkey|serialize/)
  expect(await verify()).toMatchObject({ ok: true, count: 1 })
})

it('lets the service’s role neither change the log nor write the chain, nor chain in another tenant’s name', async () => {
  const service = await connectAsService()
  await inTenant(service, OURS, event('one'))
  await inTenant(service, THEIRS, event('theirs', THEIRS))
  const refused = [
    "UPDATE audit_events SET actor = 'x'",
    'UPDATE audit_events SET details = NULL',
    'DELETE FROM audit_events',
    'TRUNCATE audit_events CASCADE',
    `INSERT INTO audit_chain (tenant_id, sequence, event_id, hash) VALUES ('${OURS}', 9, gen_random_uuid(), 'x')`,
    "UPDATE audit_chain SET hash = 'x'",
    'DELETE FROM audit_chain',
    'TRUNCATE audit_chain',
    'ALTER TABLE audit_events DISABLE TRIGGER ALL',
    'DROP TRIGGER chain_audit_event ON audit_events',
    "SET session_replication_role = 'replica'",
    'SELECT chain_audit_event()',
    "CREATE OR REPLACE FUNCTION audit_field(value text) RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
    'CREATE TABLE public.audit_field (x text)',
  ]
  for (const statement of refused) {
    await expect(inTenant(service, OURS, statement), statement).rejects.toThrow(/denied|must be owner|only be called/)
  }
  await expect(inTenant(service, OURS, event('x', THEIRS))).rejects.toThrow(/row-level security/)
  expect(await verify()).toMatchObject({ ok: true, count: 1 })
  expect(await verify(THEIRS)).toMatchObject({ ok: true, count: 1 })
})

it('puts an event into its own tenant’s chain although the session moved on to another tenant', async () => {
  const service = await connectAsService()
  await inTenant(service, OURS, event('one'), `SELECT set_config('sallyport.tenant_id', '${THEIRS}', true)`)
  expect(await verify()).toMatchObject({ ok: true, count: 1 })
  expect(await verify(THEIRS)).toMatchObject({ ok: true, count: 0 })
})

it('works the same when its owner is no superuser and row-level security binds them', async () => {
  const plain = await postgres.createDatabase()
  await owner.query("CREATE ROLE plain_owner LOGIN NOSUPERUSER CREATEROLE PASSWORD 'x'")
  await owner.query('GRANT sallyport_service TO plain_owner WITH ADMIN OPTION')
  await owner.query(`ALTER DATABASE "${new URL(plain).pathname.slice(1)}" OWNER TO plain_owner`)
  await applyMigrations(plain.replace(/\/\/[^@]*@/, '//plain_owner:x@'))
  url = plain
  owner = await connect(plain)
  await owner.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'ours', 'x'), ($2, 'theirs', 'x')", [
    OURS,
    THEIRS,
  ])
  const service = await connectAsService()
  await inTenant(service, OURS, event('one'), event('two'))
  await inTenant(service, THEIRS, event('theirs', THEIRS))
  const moved = inTenant(service, OURS, event('x'), `SELECT set_config('sallyport.tenant_id', '${THEIRS}', true)`)
  await expect(moved).rejects.toThrow(/row-level security/)
  await inTenant(service, OURS, `SELECT erase_audit_details('${USER}')`, event('three'))
  expect(await verify()).toMatchObject({ ok: true, count: 3 })
  expect((await linesOf(OURS)).map(({ details }) => details)).toEqual([null, null, '{"n":1}'])
  expect(await verify(THEIRS)).toMatchObject({ ok: true, count: 1 })
  await inTenant(
    service,
    OURS,
    `INSERT INTO webhooks (tenant_id, url, sealed_secret) VALUES ('${OURS}', 'https://example.com/', 'x')`,
  )
  expect((await service.query('SELECT tenants_with_due_webhooks() AS id')).rows).toEqual([{ id: OURS }])
})

it('is not misled by a temporary table of the same name, nor by a digest that the service writes itself', async () => {
  const service = await connectAsService()
  await inTenant(
    service,
    OURS,
    'CREATE TEMPORARY TABLE audit_chain (tenant_id uuid, sequence bigint, event_id uuid, hash text)',
    event('one'),
  )
  const forged = `INSERT INTO audit_events (tenant_id, actor, action, outcome, details, details_sha256)
    VALUES ('${OURS}', 'x', 'forged', 'ok', '{"n":2}', repeat('0', 64))`
  await inTenant(service, OURS, forged)
  expect(await verify()).toMatchObject({ ok: true, count: 2 })
})

it('erases the details of one user and leaves the chain good', async () => {
  const service = await connectAsService()
  const other = event('other').replace(USER, THEIRS)
  await inTenant(service, OURS, event('one'), other)
  await inTenant(service, THEIRS, event('theirs', THEIRS))
  await inTenant(service, OURS, `SELECT erase_audit_details('${USER}')`)
  const details = (await linesOf(OURS)).map((line) => [line.action, line.details])
  expect(details).toEqual([
    ['one', null],
    ['other', '{"n":1}'],
  ])
  expect((await linesOf(THEIRS))[0]?.details).toBe('{"n":1}')
  expect(await verify()).toMatchObject({ ok: true, count: 2 })
})

it('chains the events of an older database in the order in which they happened', async () => {
  const old = await postgres.createDatabase()
  owner = await connect(old)
  const names = (await readdir(MIGRATIONS)).filter((name) => /^\d/.test(name)).toSorted()
  for (const name of names.slice(0, names.indexOf(ACCOUNTS))) {
    await owner.query(await readFile(`${MIGRATIONS}/${name}/migration.sql`, 'utf8'))
  }
  await owner.query("INSERT INTO tenants (id, slug, name) VALUES ($1, 'ours', 'x'), ($2, 'theirs', 'x')", [
    OURS,
    THEIRS,
  ])
  await owner.query(
    `INSERT INTO audit_events (tenant_id, at, actor, action, outcome) VALUES
     ($1, '2026-01-03', 'x', 'third', 'ok'), ($1, '2026-01-01', 'x', 'first', 'ok'),
     ($2, '2026-01-01', 'x', 'theirs', 'ok'), ($1, '2026-01-02', 'x', 'second', 'ok')`,
    [OURS, THEIRS],
  )
  await owner.query(await readFile(`${MIGRATIONS}/${ACCOUNTS}/migration.sql`, 'utf8'))
  await owner.query(event('fourth'))
  expect((await linesOf(OURS)).map(({ action }) => action)).toEqual(['first', 'second', 'third', 'fourth'])
  expect(await verify()).toMatchObject({ ok: true, count: 4 })
  expect(await verify(THEIRS)).toMatchObject({ ok: true, count: 1 })
})

it('names the tenants whose webhooks wait, and forgets them with the call', async () => {
  const service = await connectAsService()
  const due = async (): Promise<string[]> => {
    const found = await service.query<{ id: string }>('SELECT id FROM tenants_with_due_webhooks() AS due(id)')
    return found.rows.map(({ id }) => id)
  }
  const webhook = (tenantId: string) =>
    `INSERT INTO webhooks (tenant_id, url, sealed_secret) VALUES ('${tenantId}', 'https://example.com/', 'x')`
  await inTenant(service, OURS, webhook(OURS))
  await inTenant(service, THEIRS, event('theirs', THEIRS))
  expect(await due()).toEqual([])
  await inTenant(service, OURS, event('one'))
  expect(await due()).toEqual([OURS])
  await expect(service.query('SELECT 1 FROM webhooks')).rejects.toThrow(/uuid|sallyport.tenant_id/)
  await inTenant(service, THEIRS, webhook(THEIRS))
  expect((await due()).toSorted()).toEqual([OURS, THEIRS])
  await inTenant(service, OURS, "UPDATE webhooks SET next_attempt_at = now() + interval '1 minute'")
  expect(await due()).toEqual([THEIRS])
  await owner.query('UPDATE tenants SET suspended_at = now() WHERE id = $1', [THEIRS])
  expect(await due()).toEqual([])
})
