import { type AuditHead, readAuditLines, verifyChain } from '@sallyport/audit-chain'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, type TestTenant } from './auth-service-harness.ts'

const ZEROES = '0'.repeat(64)
const MANY = 30_000

let harness: AuthServiceHarness
let owner: pg.Client
let acme: TestTenant
let rival: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  acme = await harness.tenant('acme')
  rival = await harness.tenant('rival')
  owner = await connectAsOwner()
})

async function connectAsOwner(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: harness.postgres.url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

afterAll(async () => {
  await owner.end()
  await harness[Symbol.asyncDispose]()
})

interface Listed {
  readonly items: readonly Record<string, unknown>[]
  readonly next: string | null
}

const call = (tenant: TestTenant, method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown> =>
  tenant.client.api.call(method, path, body)

async function list(tenant: TestTenant, query: Readonly<Record<string, string>> = {}): Promise<Listed> {
  return Object(await call(tenant, 'GET', `/audit?${new URLSearchParams(query).toString()}`)) as Listed
}

/** A token that may do only this, for calls that the client of the API does not make. */
async function tokenFor(tenant: TestTenant, scope: string): Promise<Record<string, string>> {
  const request = { name: 'test', scopes: [scope], expiresInSeconds: 3600 }
  const created = Object(await call(tenant, 'POST', '/me/api-tokens', request)) as Record<string, string>
  return { authorization: `Bearer ${created['token'] ?? ''}` }
}

async function exported(tenant: TestTenant, query = ''): Promise<Response> {
  const headers = await tokenFor(tenant, 'audit.read')
  return fetch(`${harness.publicUrl}/api/v1/audit/export${query}`, { headers })
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = response.body?.getReader()
  for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) yield read.value
}

const verifyExport = async (tenant: TestTenant, query = '', from?: AuditHead | 'first-line') =>
  verifyChain(readAuditLines(bodyOf(await exported(tenant, query))), from === undefined ? {} : { from })

const head = async (tenant: TestTenant) => Object(await call(tenant, 'GET', '/audit/head')) as AuditHead
const verify = (tenant: TestTenant, body: object = {}): Promise<unknown> => call(tenant, 'POST', '/audit/verify', body)

/** Does something to the log that the service cannot do, sees what is found, and takes it back. */
async function tampered(statements: readonly string[]): Promise<unknown> {
  const backup = ['audit_events', 'audit_chain'].map(
    (table) => `CREATE TEMPORARY TABLE kept_${table} AS TABLE ${table}`,
  )
  const restore = [
    'DELETE FROM audit_chain',
    'DELETE FROM audit_events',
    'INSERT INTO audit_events SELECT * FROM kept_audit_events',
    'INSERT INTO audit_chain SELECT * FROM kept_audit_chain',
    'DROP TABLE kept_audit_events, kept_audit_chain',
  ]
  await owner.query("SET session_replication_role = 'replica'")
  for (const statement of [...backup, ...statements]) await owner.query(statement)
  try {
    return await verify(acme, { anchor: JSON.parse(anchor) as unknown })
  } finally {
    for (const statement of restore) await owner.query(statement)
    await owner.query("SET session_replication_role = 'origin'")
  }
}
let anchor = ''

it('lists what happened, newest first, page by page, each once', async () => {
  await harness.user(acme, 'alice', { totp: false })
  const all: Record<string, unknown>[] = []
  let next: string | null = null
  do {
    const page: Listed = await list(acme, { limit: '3', ...(next === null ? {} : { after: next }) })
    expect(page.items.length).toBeLessThanOrEqual(3)
    all.push(...page.items)
    next = page.next
  } while (next !== null)
  const sequences = all.map((item) => Number(item['sequence']))
  expect(sequences).toEqual(Array.from(sequences, (_, index) => sequences.length - index))
  expect(all.at(-1)).toMatchObject({ action: 'tenant.create', actor: 'operator', outcome: 'ok', sequence: 1 })
  expect(all.map((item) => item['action'])).toEqual(expect.arrayContaining(['user.create', 'portal.sign-in']))
})

it('filters by time, actor, action, user and outcome', async () => {
  const signIn = { tenant: 'acme', username: 'admin', password: 'wrong' }
  const headers = { 'content-type': 'application/json' }
  const request = { method: 'POST', headers, body: JSON.stringify(signIn) }
  expect((await fetch(`${harness.publicUrl}/api/v1/sign-in`, request)).status).toBe(401)
  const failed = await list(acme, { action: 'portal.', outcome: 'sign-in-failed' })
  expect(failed.items).toHaveLength(1)
  const [item] = failed.items
  const at = String(item?.['at'])
  expect(item).toMatchObject({ action: 'portal.sign-in', username: 'admin', detailsErased: false })
  const userId = String(item?.['userId'])
  for (const query of [
    { from: at, to: at, userId },
    { actor: `user:${userId}`, outcome: 'sign-in-failed' },
  ]) {
    expect((await list(acme, { action: 'portal.sign-in', ...query })).items.length).toBeGreaterThanOrEqual(1)
  }
  expect((await list(acme, { actor: 'nobody' })).items).toEqual([])
  expect((await list(acme, { from: new Date(Date.now() + 60_000).toISOString() })).items).toEqual([])
  expect((await list(acme, { to: '2020-01-01T00:00:00+01:00' })).items).toEqual([])
  expect((await list(acme, { action: 'ortal' })).items).toEqual([])
  expect((await list(rival, { userId })).items).toEqual([])
})

it.each([
  'limit=0',
  'limit=x',
  'after=x',
  'from=yesterday',
  'userId=1',
  'nonsense=1',
  'from=2026-01-01',
  'limit=1&limit=2',
])('refuses the query %s and names the field', async (query) => {
  const name = query.replace(/=.*$/, '').replace('nonsense', '')
  const refused = call(acme, 'GET', `/audit?${query}`)
  await expect(refused).rejects.toMatchObject({ status: 400, code: 'bad-request' })
  const headers = await tokenFor(acme, 'audit.read')
  const answer = await fetch(`${harness.publicUrl}/api/v1/audit?${query}`, { headers })
  expect(await answer.text()).toContain(name)
})

it('exports lines that verify without the service, and a head to keep', async () => {
  const kept = await head(acme)
  const response = await exported(acme)
  expect(response.headers.get('content-type')).toMatch(/^application\/x-ndjson/)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const verdict = await verifyChain(readAuditLines(bodyOf(response)), { anchor: kept })
  expect(verdict).toMatchObject({ ok: true })
  if (!verdict.ok) return
  expect(verdict.head.sequence).toBeGreaterThan(kept.sequence)
  expect(await verify(acme, { anchor: verdict.head })).toMatchObject({ ok: true })
  const rest = await verifyExport(acme, `?after=${String(verdict.head.sequence)}`, verdict.head)
  expect(rest).toMatchObject({ ok: true })
  expect(await verifyExport(rival)).toMatchObject({ ok: true })
  expect((await head(rival)).hash).not.toBe((await head(acme)).hash)
  expect(await (await exported(acme, '?after=999999')).text()).toBe('')
})

it('exports the part of a time, which verifies from its first line on', async () => {
  const { items } = await list(acme, { limit: '200' })
  const times = items.map((item) => String(item['at'])).toSorted()
  const [from, to] = [times[3] ?? '', times[7] ?? '']
  const query = `?${new URLSearchParams({ from, to }).toString()}`
  const text = await (await exported(acme, query)).text()
  const lines = text.trimEnd().split('\n')
  expect(lines.length).toBeGreaterThanOrEqual(5)
  expect(lines.length).toBeLessThan(times.length)
  expect(await verifyExport(acme, query, 'first-line')).toMatchObject({ ok: true, count: lines.length })
  expect(await (await exported(acme, '?from=2100-01-01T00:00:00Z')).text()).toBe('')
  expect(await (await exported(acme, '?to=2000-01-01T00:00:00Z')).text()).toBe('')
})

it('finds every change that somebody with the database’s password makes', async () => {
  const { sequence, hash } = await head(acme)
  anchor = JSON.stringify({ sequence, hash })
  expect(await verify(acme, { anchor: { sequence, hash } })).toMatchObject({ ok: true })
  const ours = `tenant_id = '${acme.tenantId}'`
  const third = `(SELECT event_id FROM audit_chain WHERE ${ours} AND sequence = 3)`
  const last = `(SELECT event_id FROM audit_chain WHERE ${ours} AND sequence = ${String(sequence)})`
  const update = (change: string) => [`UPDATE audit_events SET ${change} WHERE ${ours} AND id = ${third}`]
  for (const change of [
    ...["actor = 'user:x'", "action = 'x.y'", "target = 'x'", "outcome = 'x'", "at = at + interval '1 ms'"],
    ...['user_id = gen_random_uuid()', "details_sha256 = repeat('0', 64)"],
  ]) {
    expect(await tampered(update(change)), change).toMatchObject({ ok: false, why: 'hash', sequence: 3 })
  }
  expect(await tampered(update("details = '{}', details_sha256 = repeat('0', 64)"))).toMatchObject({ ok: false })
  const withDetails = `(SELECT id FROM audit_events WHERE ${ours} AND details IS NOT NULL ORDER BY at LIMIT 1)`
  const details = [`UPDATE audit_events SET details = '{"x":1}' WHERE ${ours} AND id = ${withDetails}`]
  expect(await tampered(details)).toMatchObject({ ok: false, why: 'details' })
  const link = (change: string) => [`UPDATE audit_chain SET ${change} WHERE ${ours} AND sequence = 3`]
  expect(await tampered(link("hash = repeat('a', 64)"))).toMatchObject({ ok: false, why: 'hash', sequence: 3 })
  expect(await tampered(link('sequence = 999999'))).toMatchObject({ ok: false, why: 'gap' })
  expect(await tampered([`DELETE FROM audit_events WHERE ${ours} AND id = ${third}`])).toMatchObject({
    ...{ ok: false, why: 'missing-event', sequence: 3 },
  })
  expect(await tampered([`DELETE FROM audit_events WHERE ${ours} AND id = ${last}`])).toMatchObject({
    ...{ ok: false, why: 'missing-event', sequence },
  })
  expect(
    await tampered([
      `DELETE FROM audit_events WHERE ${ours} AND id = ${third}`,
      `DELETE FROM audit_chain WHERE ${ours} AND sequence = 3`,
    ]),
  ).toMatchObject({ ok: false, why: 'gap', sequence: 4 })
  const unlinked = [`DELETE FROM audit_chain WHERE ${ours} AND sequence >= ${String(sequence)}`]
  expect(await tampered(unlinked)).toMatchObject({ ok: false, why: 'anchor' })
  const inserted = `INSERT INTO audit_events (tenant_id, actor, action, outcome) VALUES ('${acme.tenantId}', 'x', 'x.y', 'ok')`
  expect(await tampered([inserted])).toMatchObject({ ok: false, why: 'unlinked-event' })
  const swapped = [
    `UPDATE audit_chain SET sequence = -1 WHERE ${ours} AND sequence = 3`,
    `UPDATE audit_chain SET sequence = 3 WHERE ${ours} AND sequence = 4`,
    `UPDATE audit_chain SET sequence = 4 WHERE ${ours} AND sequence = -1`,
  ]
  expect(await tampered(swapped)).toMatchObject({ ok: false, why: 'hash', sequence: 3 })
  const moved = `UPDATE audit_events SET tenant_id = '${rival.tenantId}' WHERE ${ours} AND id = ${third}`
  expect(await tampered([moved])).toMatchObject({ ok: false, why: 'missing-event', sequence: 3 })
  expect(await verify(acme, { anchor: { sequence, hash } })).toMatchObject({ ok: true })
})

it('finds by its anchor a log that was cut off or written anew', async () => {
  const { sequence, hash } = await head(acme)
  anchor = JSON.stringify({ sequence, hash })
  const ours = `tenant_id = '${acme.tenantId}'`
  const cut = [
    `DELETE FROM audit_events WHERE ${ours} AND id IN
       (SELECT event_id FROM audit_chain WHERE ${ours} AND sequence > ${String(sequence - 2)})`,
    `DELETE FROM audit_chain WHERE ${ours} AND sequence > ${String(sequence - 2)}`,
  ]
  expect(await tampered(cut)).toMatchObject({ ok: false, why: 'anchor', sequence })
  const anew = [
    `UPDATE audit_events SET actor = 'somebody else' WHERE ${ours}`,
    `DELETE FROM audit_chain WHERE ${ours}`,
    'ALTER TABLE audit_events ENABLE ALWAYS TRIGGER chain_audit_event',
    `CREATE TEMPORARY TABLE anew AS SELECT * FROM audit_events WHERE ${ours} ORDER BY at, id`,
    `DELETE FROM audit_events WHERE ${ours}`,
    'INSERT INTO audit_events SELECT * FROM anew ORDER BY at, id',
    'DROP TABLE anew',
    'ALTER TABLE audit_events ENABLE TRIGGER chain_audit_event',
  ]
  expect(await tampered(anew)).toMatchObject({ ok: false, why: 'anchor' })
})

it('verifies what was added since a place, and refuses a place that never was', async () => {
  const from = await head(acme)
  await list(acme)
  await verify(acme)
  const verdict = await verify(acme, { from })
  expect(verdict).toMatchObject({ ok: true, count: 1 })
  const wrong = { sequence: from.sequence, hash: 'a'.repeat(64) }
  expect(await verify(acme, { from: wrong })).toMatchObject({ ok: false, why: 'anchor' })
  expect(await verify(acme, { from: { sequence: 999_999, hash: ZEROES } })).toMatchObject({ ok: false, why: 'anchor' })
  const backwards = verify(acme, { from, anchor: { sequence: 1, hash: ZEROES } })
  await expect(backwards).rejects.toMatchObject({ status: 400 })
  await expect(verify(acme, { anchor: { sequence: -1, hash: ZEROES } })).rejects.toMatchObject({ status: 400 })
  await expect(verify(acme, { anchor: { sequence: 1, hash: 'A'.repeat(64) } })).rejects.toMatchObject({ status: 400 })
})

it('writes down who exported and who verified, and what came of it', async () => {
  expect((await list(acme, { action: 'audit.export' })).items.length).toBeGreaterThan(0)
  const found = await list(acme, { action: 'audit.verify', outcome: 'broken-anchor' })
  expect(found.items.length).toBeGreaterThan(0)
})

it('is read by nobody without the permission', async () => {
  const alice = await harness.user(acme, 'bob', { totp: false })
  for (const path of ['/audit', '/audit/head', '/audit/export']) {
    await expect(alice.client.api.call('GET', path), path).rejects.toMatchObject({ status: 403 })
    expect((await fetch(`${harness.publicUrl}/api/v1${path}`)).status, path).toBe(401)
  }
  await expect(alice.client.api.call('POST', '/audit/verify', {})).rejects.toMatchObject({ status: 403 })
  const headers = await tokenFor(acme, 'users.read')
  expect((await fetch(`${harness.publicUrl}/api/v1/audit/head`, { headers })).status).toBe(403)
})

it('exports and verifies a long log, at most two at once for a tenant', { timeout: 120_000 }, async () => {
  await owner.query(
    `INSERT INTO audit_events (tenant_id, actor, action, outcome, details)
     SELECT $1, 'user:' || n, 'test.many', 'ok', json_build_object('n', n, 'text', repeat('x', 200))::text
     FROM generate_series(1, ${String(MANY)}) n`,
    [rival.tenantId],
  )
  const headers = await tokenFor(rival, 'audit.read')
  const slow = await Promise.all([
    fetch(`${harness.publicUrl}/api/v1/audit/export`, { headers }),
    fetch(`${harness.publicUrl}/api/v1/audit/export`, { headers }),
  ])
  const refused = await fetch(`${harness.publicUrl}/api/v1/audit/export`, { headers })
  expect(refused.status).toBe(429)
  expect(await refused.text()).toContain('audit-busy')
  // A reader who goes away gives its place back.
  await slow[0].body?.cancel()
  const verdict = await verifyChain(readAuditLines(bodyOf(slow[1])))
  expect(verdict).toMatchObject({ ok: true })
  expect(verdict.count).toBeGreaterThan(MANY)
  expect(await verify(rival)).toMatchObject({ ok: true })
  const rare = await list(rival, { actor: 'operator' })
  expect(rare.items.length).toBeGreaterThan(0)
})

it('breaks an export off when the database goes away, so that nobody takes a part for the whole', async () => {
  const response = await exported(rival)
  await harness.postgres.stop()
  try {
    await expect(response.text()).rejects.toThrow()
  } finally {
    await harness.postgres.start()
    owner = await connectAsOwner()
  }
})
