import { randomUUID } from 'node:crypto'

import { Database, type NotedConnection, prepareDatabase } from '@sallyport/database'
import { Secret } from '@sallyport/foundation'
import { type ThrowawayPostgres, throwawayPostgres } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { queryRows } from './query-rows.ts'

const OURS = '11111111-1111-4111-8111-111111111111'
const THEIRS = '22222222-2222-4222-8222-222222222222'
/** Of the device, of its user, network and authority alike. */
const ID = '33333333-3333-4333-8333-333333333333'
const NODE = '44444444-4444-4444-8444-444444444444'
const SHA256 = 'ab'.repeat(32)
const AT = new Date('2026-01-02T03:04:05.678Z')
const openDataKey = (): Promise<Secret<Uint8Array>> => Promise.resolve(new Secret(new Uint8Array(32).fill(7)))

let postgres: ThrowawayPostgres
let database: Database

beforeAll(async () => {
  postgres = await throwawayPostgres()
  const prepared = await prepareDatabase({ ownerUrl: postgres.url, openDataKey })
  database = new Database(prepared.serviceUrl, () => undefined)
  const { platform } = database
  for (const [id, slug] of [
    [OURS, 'ours'],
    [THEIRS, 'theirs'],
  ] as const) {
    await platform.tenant.create({ data: { id, slug, name: slug, keyLimitBytes: 2n ** 52n, namespaces: ['a', 'b'] } })
  }
  const certificateNotAfter = AT
  await platform.service.create({
    data: { id: NODE, role: 'vpn-node', name: 'n', slot: 0, certificateSerial: '1', certificateNotAfter },
  })
  const tenantId = OURS
  await database.withTenant(tenantId, async (session) => {
    await session.user.create({
      data: {
        ...{ tenantId, id: ID, username: 'alice', displayName: 'Älice', passwordHash: 'x', totpLastStep: 2n ** 40n },
        ...{ totpSecret: new Uint8Array([0, 255, 92, 120]), totpConfirmedAt: AT, lastSignInAt: AT },
      },
    })
    await session.network.create({
      data: { tenantId, id: ID, name: 'main', ipv4: '10.8.0.0/24', routes: ['10.0.0.0/8'] },
    })
    const authority = { certificate: 'x', sealedKey: new Uint8Array(1), notAfter: AT }
    await session.certificateAuthority.create({ data: { tenantId, id: ID, ...authority } })
    const certificate = { certificate: 'x', certificateSerial: '1', certificateSha256: SHA256, certificateNotAfter }
    const of = { userId: ID, networkId: ID, authorityId: ID, name: 'Laptop' }
    await session.device.create({ data: { tenantId, id: ID, ...of, ...certificate } })
    await session.policy.create({ data: { tenantId, policy: { mfa: 'off' } } })
    for (const [position, name] of ['second', 'first'].entries()) {
      const group = { tenantId, id: randomUUID(), name, position: 2 - position, policy: { deviceLimit: position } }
      await session.group.create({ data: group })
      await session.groupMember.create({ data: { tenantId, groupId: group.id, userId: ID } })
    }
  })
})

afterAll(async () => {
  await database[Symbol.asyncDispose]()
  await postgres[Symbol.asyncDispose]()
})

const attempt = (changes: Partial<NotedConnection> = {}): NotedConnection => ({
  ...{ device_id: ID, certificate_sha256: SHA256, token_generation: 0, control_key: 'device', goes_on: false },
  ...{ id: randomUUID(), service_id: NODE, user_id: ID, network_id: ID, transport: 'udp' },
  ...{ remote_address: '192.0.2.1', remote_port: 1, at: AT, connection_limit: null },
  ...{ login_id: 'a login', login_started_at: AT, ends_at: AT },
  ...{ actor: `device:${ID}`, action: 'connection.authorise', target: null, outcome: 'ok', about: ID, details: '{}' },
  ...changes,
})

const countOf = (tenantId: string): Promise<{ connections: number; lines: number }> =>
  database.withTenant(tenantId, async (session) => ({
    connections: await session.connection.count(),
    lines: await session.auditEvent.count(),
  }))

it('reads the same rows as the usual way, in the order in which they were asked for', async () => {
  const asked = { deviceId: ID, connectionId: null }
  const unknown = { deviceId: randomUUID(), connectionId: null }
  const [none, facts] = await database.tenantFunctions.authorisationFacts(OURS, [unknown, asked])
  expect(none).toBeUndefined()
  const usual = await database.withTenant(OURS, (session) =>
    session.device.findUniqueOrThrow({
      where: { tenantId_id: { tenantId: OURS, id: ID } },
      include: { user: true, network: true, tenant: true },
    }),
  )
  const { user, network, tenant, ...device } = usual
  expect(facts).toMatchObject({ device, user, network, tenant, authorityState: 'active' })
  expect(facts?.groupPolicies.map(([, policy]) => policy)).toEqual(['{"deviceLimit": 1}', '{"deviceLimit": 0}'])
  expect([facts?.policy, facts?.hasPasskey, facts?.connectionStartedAt]).toEqual(['{"mfa": "off"}', false, null])
})

it('shows nothing of another tenant, and notes nothing there', async () => {
  const asked = [{ deviceId: ID, connectionId: null }]
  expect(await database.tenantFunctions.authorisationFacts(THEIRS, asked)).toEqual([undefined])
  expect(await database.tenantFunctions.noteConnections(THEIRS, [attempt()], true)).toEqual([false])
  expect(await countOf(THEIRS)).toEqual({ connections: 0, lines: 0 })
})

it('notes what is still allowed, each with its line, and nothing else of the same batch', async () => {
  const before = await countOf(OURS)
  const known = attempt()
  const batch = [
    known,
    attempt({ token_generation: 1 }),
    attempt({ certificate_sha256: 'cd'.repeat(32) }),
    attempt({ device_id: randomUUID() }),
    attempt({ goes_on: true }),
    attempt(),
  ]
  expect(await database.tenantFunctions.noteConnections(OURS, batch, true)).toEqual([
    true,
    false,
    false,
    false,
    false,
    true,
  ])
  expect(
    await database.tenantFunctions.noteConnections(OURS, [attempt({ id: known.id, goes_on: true })], true),
  ).toEqual([true])
  expect(await countOf(OURS)).toEqual({ connections: before.connections + 2, lines: before.lines + 3 })
})

it('tells the login of a connection that goes on, and leaves one alone that was extended meanwhile', async () => {
  const later = new Date(AT.getTime() + 3_600_000)
  const known = attempt()
  const goesOn = { ...known, goes_on: true }
  const { tenantFunctions } = database
  const loginOf = async (): Promise<unknown> => {
    const [facts] = await tenantFunctions.authorisationFacts(OURS, [{ deviceId: ID, connectionId: known.id }])
    const where = { tenantId_id: { tenantId: OURS, id: known.id } }
    const { endsAt } = await database.withTenant(OURS, (session) => session.connection.findUniqueOrThrow({ where }))
    return [facts?.loginId, facts?.loginStartedAt, endsAt]
  }
  await tenantFunctions.noteConnections(OURS, [known], true)
  expect(await loginOf()).toEqual(['a login', AT, AT])
  // The policy may change the end of a login that did not begin anew.
  await tenantFunctions.noteConnections(OURS, [{ ...goesOn, ends_at: later }], true)
  expect(await loginOf()).toEqual(['a login', AT, later])
  await database.withTenant(OURS, (session) =>
    session.connection.updateMany({ where: { tenantId: OURS, id: known.id }, data: { loginStartedAt: later } }),
  )
  expect(await tenantFunctions.noteConnections(OURS, [goesOn], true)).toEqual([true])
  expect(await loginOf()).toEqual(['a login', later, later])
  // A token of another login takes the connection to that one.
  await tenantFunctions.noteConnections(OURS, [{ ...goesOn, login_id: 'another' }], true)
  expect(await loginOf()).toEqual(['another', AT, AT])
})

it('leaves those to be tried alone whose rows somebody holds, without waiting', async () => {
  await database.withTenant(OURS, async (session) => {
    await session.user.update({ where: { tenantId_id: { tenantId: OURS, id: ID } }, data: { displayName: 'B' } })
    expect(await database.tenantFunctions.noteConnections(OURS, [attempt()], false)).toEqual([null])
  })
  expect(await database.tenantFunctions.noteConnections(OURS, [attempt()], false)).toEqual([true])
})

it('locks what a device belongs to before the device, as everybody does: tenant, user, device', async () => {
  const rows = { tenants: OURS, users: ID, devices: ID } as const
  const free = (table: keyof typeof rows): Promise<boolean> =>
    queryRows(postgres.url, `SELECT FROM ${table} WHERE id = $1 FOR UPDATE SKIP LOCKED`, [rows[table]]).then(
      ({ length }) => length === 1,
    )
  const holder = new pg.Client({ connectionString: postgres.url })
  await holder.connect()
  try {
    for (const [held, behind] of [
      ['tenants', ['users', 'devices']],
      ['users', ['devices']],
    ] as const) {
      await holder.query('BEGIN')
      await holder.query(`SELECT FROM ${held} WHERE id = $1 FOR NO KEY UPDATE`, [rows[held]])
      const noted = database.tenantFunctions.noteConnections(OURS, [attempt()], true)
      const waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
      await expect.poll(async () => (await queryRows(postgres.url, waiting)).length, { timeout: 3000 }).toBe(1)
      for (const table of behind) expect([table, await free(table)]).toEqual([table, true])
      await holder.query('COMMIT')
      expect(await noted).toEqual([true])
    }
  } finally {
    await holder.end()
  }
})
