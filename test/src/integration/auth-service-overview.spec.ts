import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ApiClient, type ClusterIdentity } from '@sallyport/cluster-identity'
import { lease } from '@sallyport/contracts'
import { fieldOf, type ManagedProcess, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import { startAllocator } from './allocator-process.ts'
import { AuthServiceHarness, enrolDevice, NodeClient, type TestTenant } from './auth-service-harness.ts'
import { freePort } from './free-port.ts'
import { queryRows } from './query-rows.ts'

const HALF_HOUR_MS = 1_800_000
/** Leaves no doubt that nothing waited for an allocator that hangs. */
const SOON_MS = 1500

let harness: AuthServiceHarness
let allocator: ManagedProcess
let allocatorUrl: string
let directory: string
let tenant: TestTenant
let networkId: string
let identity: ClusterIdentity
let node: NodeClient
let silent: NodeClient
let silentId: string
let device: { userId: string; deviceId: string }

beforeAll(async () => {
  allocatorUrl = `https://127.0.0.1:${String(await freePort())}`
  harness = await AuthServiceHarness.start({ ALLOCATOR_URL: allocatorUrl })
  directory = await mkdtemp(join(tmpdir(), 'sallyport-overview-'))
  allocator = await startAllocator({
    ALLOCATOR_LISTEN: new URL(allocatorUrl).host,
    METRICS_LISTEN: `127.0.0.1:${String(await freePort())}`,
    REDIS_URL: harness.redis.url,
    AUTH_NODE_API_URL: harness.nodeApiUrl,
    IDENTITY_DIRECTORY: join(directory, 'identity'),
    SERVICE_NAME: 'ip-allocator-1',
    JOIN_TOKEN: await harness.operator.createJoinToken('ip-allocator', 'ip-allocator-1'),
  })
  identity = await harness.enrol('vpn-node', 'node-1')
  node = NodeClient.at(harness.nodeApiUrl, identity)
  const other = await harness.enrol('vpn-node', 'node-2')
  silent = NodeClient.at(harness.nodeApiUrl, other)
  silentId = other.serviceId
  tenant = await harness.tenant('acme')
  const networks = fieldOf(await tenant.client.api.call('GET', '/networks'), 'items')
  networkId = requiredText(Array.isArray(networks) ? networks[0] : undefined, 'networkId')
  const user = await harness.user(tenant, 'alice', { totp: false })
  device = { userId: user.userId, deviceId: (await enrolDevice(user, 'Laptop')).deviceId }
}, 60_000)

afterAll(async () => {
  await allocator.stop()
  await harness[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

const sql = (text: string, values: readonly unknown[] = []) => queryRows(harness.postgres.url, text, values)
const say = (client: NodeClient, status: object) =>
  client.api.call({ method: 'POST', path: '/node-api/v1/status', body: status, response: z.unknown() })
const STATUS = {
  version: '0.9.1',
  startedAt: '2026-03-01T09:30:00.000Z',
  connections: 3,
  capacity: 65_536,
  cpuShare: 0.25,
}

async function addConnection(serviceId: string, began: Date, ended: Date | null): Promise<string> {
  const id = randomUUID()
  await sql(
    `INSERT INTO connections (tenant_id, id, user_id, device_id, network_id, service_id, remote_address, remote_port,
       authorised_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, '203.0.113.9', 40000, $7, $8)`,
    [tenant.tenantId, id, device.userId, device.deviceId, networkId, serviceId, began, ended],
  )
  return id
}

async function addAttempts(at: Date, outcome: string, count: number, action = 'connection.authorise'): Promise<void> {
  await sql(
    `INSERT INTO audit_events (tenant_id, at, actor, action, outcome)
     SELECT $1, $2, 'device:x', $3, $4 FROM generate_series(1, $5)`,
    [tenant.tenantId, at, action, outcome, count],
  )
}

async function serviceNamed(name: string): Promise<unknown> {
  const items = fieldOf(await harness.operator.call('GET', '/platform/services'), 'items')
  return Array.isArray(items) ? items.find((item) => fieldOf(item, 'name') === name) : undefined
}

it('shows how nodes say that they are, whatever newer ones say besides, and that a node is silent', async () => {
  expect(await serviceNamed('node-1')).toMatchObject({ health: 'never-seen', version: null, connections: null })
  await say(node, { ...STATUS, ofANewerRelease: true })
  const { connections, ...other } = STATUS
  expect(await serviceNamed('node-1')).toMatchObject({ health: 'healthy', connections, ...other })
  for (const wrong of [{ cpuShare: 1.5 }, { connections: 2 ** 31 }, { version: '1\u0000' }, { version: '\u001b[2J' }])
    await expect(say(node, { ...STATUS, ...wrong })).rejects.toMatchObject({ status: 400 })
  await say(silent, STATUS)
  await sql("UPDATE services SET last_seen_at = now() - interval '2 hours' WHERE id = $1", [silentId])
  expect(await serviceNamed('node-2')).toMatchObject({ health: 'silent', version: '0.9.1', connections: null })
  expect(await serviceNamed('ip-allocator-1')).toMatchObject({ health: null, connections: null })
})

it('counts a day in its tables, piece by piece', async () => {
  const nowMs = Math.floor(Date.now() / HALF_HOUR_MS) * HALF_HOUR_MS
  const ago = (pieces: number, minutes = 0): Date => new Date(nowMs - pieces * HALF_HOUR_MS + minutes * 60_000)
  // Two at once within a piece, one after the other in the next, and one through quiet hours before.
  await addConnection(identity.serviceId, ago(60), ago(40, 10))
  await addConnection(identity.serviceId, ago(20, 1), ago(20, 20))
  await addConnection(identity.serviceId, ago(20, 10), ago(20, 25))
  await addConnection(identity.serviceId, ago(19, 1), ago(19, 5))
  await addConnection(identity.serviceId, ago(19, 5), ago(19, 9))
  await addConnection(identity.serviceId, ago(5), null)
  // Nobody heard of this node for two hours: what it carried is not there, and was there until then.
  await addConnection(silentId, ago(8), null)
  await addAttempts(ago(20, 5), 'ok', 4)
  await addAttempts(ago(20, 6), 'wrong-otp', 3)
  await addAttempts(ago(19, 6), 'device-revoked', 1)
  await addAttempts(ago(19, 6), 'challenge-code', 7)
  await addAttempts(ago(19, 6), 'token-expired', 7, 'connection.renegotiate')
  await addAttempts(ago(48), 'wrong-otp', 50)

  const overview = await tenant.client.api.call('GET', '/overview')
  expect(overview).toMatchObject({
    ...{ from: ago(47).toISOString(), bucketSeconds: 1800, connectedNow: 1, connectedUsers: 1 },
    failures: [
      { code: 'wrong-otp', count: 3 },
      { code: 'device-revoked', count: 1 },
    ],
    enrolment: { users: 2, withFactor: 0, withDevice: 1, invited: 0 },
    expiring: { within30Days: 0, expired: 0 },
  })
  const shown = fieldOf(overview, 'series')
  const series = Array.isArray(shown) ? shown : []
  expect(series).toHaveLength(48)
  const piecesAgo = (pieces: number): unknown => series[47 - pieces]
  expect(piecesAgo(47)).toEqual({ at: ago(47).toISOString(), connections: 1, admitted: 0, refused: 0 })
  expect([41, 40, 39].map((pieces) => fieldOf(piecesAgo(pieces), 'connections'))).toEqual([1, 1, 0])
  expect(piecesAgo(20)).toEqual({ at: ago(20).toISOString(), connections: 2, admitted: 4, refused: 3 })
  expect(piecesAgo(19)).toEqual({ at: ago(19).toISOString(), connections: 1, admitted: 0, refused: 1 })
  expect([8, 6, 1, 0].map((pieces) => fieldOf(piecesAgo(pieces), 'connections'))).toEqual([1, 1, 1, 1])

  const week = fieldOf(await tenant.client.api.call('GET', '/overview?range=week'), 'failures')
  expect(week).toMatchObject([{ code: 'wrong-otp', count: 53 }, { code: 'device-revoked' }])
  await expect(tenant.client.api.call('GET', '/overview?range=year')).rejects.toMatchObject({ status: 400 })
})

it('counts enrolment and certificates that end', async () => {
  const { userId } = device
  await sql('INSERT INTO passkeys (tenant_id, user_id, name, credential_id, public_key) VALUES ($1, $2, $3, $4, $5)', [
    ...[tenant.tenantId, userId, 'key', Buffer.alloc(16), Buffer.alloc(1)],
  ])
  await sql("INSERT INTO users (tenant_id, username) VALUES ($1, 'carol')", [tenant.tenantId])
  await sql("INSERT INTO users (tenant_id, username, disabled_at) VALUES ($1, 'dave', now())", [tenant.tenantId])
  const ends = (interval: string) =>
    sql('UPDATE devices SET certificate_not_after = now() + $2::interval WHERE id = $1', [device.deviceId, interval])
  await ends('29 days')
  const overview = await tenant.client.api.call('GET', '/overview')
  expect(overview).toMatchObject({ expiring: { within30Days: 1, expired: 0 } })
  const rows = await sql(
    `SELECT count(*)::int AS users, count(*) FILTER (WHERE password_hash IS NULL)::int AS invited
     FROM users WHERE tenant_id = $1 AND disabled_at IS NULL`,
    [tenant.tenantId],
  )
  expect(fieldOf(overview, 'enrolment')).toEqual({ ...rows[0], withFactor: 1, withDevice: 1 })
  await ends('-1 day')
  expect(await tenant.client.api.call('GET', '/overview')).toMatchObject({ expiring: { within30Days: 0, expired: 1 } })
  await sql('UPDATE devices SET revoked_at = now() WHERE id = $1', [device.deviceId])
  expect(await tenant.client.api.call('GET', '/overview')).toMatchObject({
    enrolment: { withDevice: 0 },
    expiring: { within30Days: 0, expired: 0 },
  })
})

it('takes from a node what its own live connections have moved, and from no other', async () => {
  const mine = await addConnection(identity.serviceId, new Date(), null)
  const traffic = (client: NodeClient, receivedBytes: string) =>
    client.api.call({
      method: 'POST',
      path: '/node-api/v1/connections/traffic',
      body: {
        connections: [mine, randomUUID()].map((connectionId) => ({ connectionId, receivedBytes, sentBytes: '7' })),
      },
      response: z.unknown(),
    })
  const stored = () => sql('SELECT received_bytes, sent_bytes FROM connections WHERE id = $1', [mine])
  await traffic(node, '123456789012345678')
  expect(await stored()).toEqual([{ received_bytes: '123456789012345678', sent_bytes: '7' }])
  await traffic(silent, '5')
  await sql('UPDATE connections SET ended_at = now() WHERE id = $1', [mine])
  await traffic(node, '6')
  expect(await stored()).toEqual([{ received_bytes: '123456789012345678', sent_bytes: '7' }])
  await expect(traffic(node, '1'.repeat(19))).rejects.toMatchObject({ status: 400 })
})

it('shows how full pools are, and all the rest when the allocator is dead', async () => {
  await using leases = new ApiClient({ baseUrl: allocatorUrl, serverRole: 'ip-allocator', credentials: identity })
  await leases.call({
    method: 'POST',
    path: `/allocator/v1/pools/${networkId}/leases`,
    body: { tenantId: tenant.tenantId, deviceId: device.deviceId, connectionId: randomUUID() },
    response: lease,
  })
  const pool = { networkId, name: 'main', family: 4, size: 253, leased: 1 }
  const overview = await tenant.client.api.call('GET', '/overview')
  expect(fieldOf(overview, 'pools')).toEqual([pool])
  const platform = await harness.operator.call('GET', '/platform/overview')
  const pools = [{ tenantId: tenant.tenantId, tenantSlug: 'acme', ...pool }]
  expect(platform).toEqual({ tenants: 1, nodes: 2, nodesSilent: 1, connections: 1, poolCount: 1, pools })
  const poolsOf = (search: string) => harness.operator.call('GET', `/platform/pools?search=${search}`)
  expect(await poolsOf('ACM')).toEqual({ items: pools, next: null })
  expect(await poolsOf('globex')).toEqual({ items: [], next: null })
  await expect(tenant.client.api.call('GET', '/platform/pools')).rejects.toMatchObject({ status: 403 })

  await allocator.stop()
  const startMs = performance.now()
  const without = await tenant.client.api.call('GET', '/overview')
  expect(performance.now() - startMs).toBeLessThan(SOON_MS)
  const numbers = (of: unknown) => ['connectedNow', 'failures', 'enrolment'].map((name) => fieldOf(of, name))
  expect([fieldOf(without, 'pools'), numbers(without)]).toEqual([null, numbers(overview)])
  const platformWithout = await harness.operator.call('GET', '/platform/overview')
  expect(platformWithout).toMatchObject({ nodes: 2, connections: 1, poolCount: null, pools: null })
  expect(await poolsOf('main')).toMatchObject({ items: [{ networkId, size: null, leased: null }] })
})
