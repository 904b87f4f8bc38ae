import { ApiClient } from '@sallyport/cluster-identity'
import { type HandshakeKeys, handshakeKeys } from '@sallyport/contracts'
import { parseStaticKeyFile } from '@sallyport/openvpn-wire'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { listen } from './order-listener.ts'

const HOUR_MS = 3600 * 1000
const PASSWORD_ONLY = { kind: 'password', password: PASSWORD } as const

let harness: AuthServiceHarness
let replica: Replica
let node: NodeClient
let other: NodeClient
let tenant: TestTenant
let database: pg.Client

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  node = await harness.node('node-1')
  other = await replica.node('node-2')
  tenant = await harness.tenant('acme')
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
})

afterAll(async () => {
  await database.end()
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

function keysOf({ api }: NodeClient): Promise<HandshakeKeys> {
  return api.call({ method: 'GET', path: '/node-api/v1/handshake-keys', response: handshakeKeys })
}

function setLegacyClients(legacyClients: string, of = tenant): Promise<unknown> {
  return harness.operator.call('PATCH', `/platform/tenants/${of.tenantId}`, { settings: { legacyClients } })
}

/** Lets a day pass for the keys. */
function passADay(): Promise<unknown> {
  const day = "interval '25 hours'"
  return database.query(`update cookie_keys set created_at = created_at - ${day}, valid_from = valid_from - ${day}`)
}

it('gives keys to nodes only', async () => {
  const credentials = await harness.enrol('ip-allocator', 'allocator')
  const client = new ApiClient({ baseUrl: harness.nodeApiUrl, serverRole: 'auth-service', credentials })
  const call = client.call({ method: 'GET', path: '/node-api/v1/handshake-keys', response: handshakeKeys })
  await expect(call).rejects.toMatchObject({ status: 403, code: 'wrong-role' })
  await client.close()
})

it('has one cookie key in force from the start, sealed, the same on every instance', async () => {
  const { cookieKeys, staticKeys } = await keysOf(node)
  expect(cookieKeys).toHaveLength(1)
  expect(staticKeys).toEqual([])
  expect(Date.parse(cookieKeys[0]?.validFrom ?? '')).toBeLessThanOrEqual(Date.now())
  const key = Buffer.from(cookieKeys[0]?.key ?? '', 'base64')
  expect(key).toHaveLength(32)
  expect((await keysOf(other)).cookieKeys).toEqual(cookieKeys)
  const rows = await database.query<{ sealed: Buffer }>('select sealed from cookie_keys')
  expect(rows.rows[0]?.sealed.includes(key)).toBe(false)
})

it('makes one key a day, an hour ahead of its time, however many instances find it due at once', async () => {
  const { cookieKeys: before } = await keysOf(node)
  await passADay()
  await using orders = await listen(other.api)
  // All of them see that a key is due before the first can make it.
  await database.query('begin')
  await database.query('lock table cookie_keys in exclusive mode')
  const asking = Promise.all([node, other, node, other, node, other].map(keysOf))
  await waiting(6)
  await database.query('commit')
  const answers = await asking
  const [{ cookieKeys: after } = { cookieKeys: [] }] = answers
  for (const answer of answers) expect(answer.cookieKeys).toEqual(after)
  expect(after.map(({ key }) => key)).toEqual([before[0]?.key, expect.any(String)])
  const aheadMs = Date.parse(after[1]?.validFrom ?? '') - Date.now()
  expect(aheadMs).toBeGreaterThan(HOUR_MS - 60_000)
  expect(aheadMs).toBeLessThanOrEqual(HOUR_MS)
  expect(await orders.next()).toEqual({ type: 'handshake-keys-changed' })
})

it('keeps the key before the one in force, and removes older ones', async () => {
  const seen = new Set<string>()
  for (let day = 0; day < 3; day += 1) {
    await passADay()
    for (const { key } of (await keysOf(node)).cookieKeys) seen.add(key)
  }
  const { cookieKeys } = await keysOf(node)
  expect(cookieKeys).toHaveLength(3)
  expect(seen.size).toBeGreaterThan(3)
  expect(new Set(cookieKeys.map(({ key }) => key)).size).toBe(3)
  expect((await database.query('select 1 from cookie_keys')).rowCount).toBe(3)
})

it('lets no old client in, and writes no profile for one, unless the tenant does', async () => {
  const user = await harness.user(tenant, 'alice', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const legacy = authoriseRequestOf(user, device, PASSWORD_ONLY, { controlKey: 'tenant' })
  expect(await node.decision(legacy)).toBe('profile-too-old')
  const write = user.client.api.call('POST', `/devices/${device.deviceId}/profile`, { flavour: 'legacy' })
  await expect(write).rejects.toMatchObject({ status: 409, code: 'legacy-clients-off' })
})

it('makes a static key when the tenant lets old clients in, and profiles with it', async () => {
  const user = await harness.user(tenant, 'bob', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const profile = async (): Promise<string> =>
    String(await user.client.api.call('POST', `/devices/${device.deviceId}/profile`, { flavour: 'legacy' }))
  await using orders = await listen(other.api)
  await setLegacyClients('tls-auth')
  expect(await orders.next()).toEqual({ type: 'handshake-keys-changed' })
  const [served] = (await keysOf(other)).staticKeys
  expect(served).toMatchObject({ tenantId: tenant.tenantId, mode: 'tls-auth' })
  const written = await profile()
  expect(written).toContain('\nkey-direction 1\n')
  expect(staticKeyIn(written, 'tls-auth')).toBe(served?.key)
  expect(Buffer.from(served?.key ?? '', 'base64')).toHaveLength(256)

  await setLegacyClients('tls-crypt')
  const [replaced] = (await keysOf(node)).staticKeys
  expect(replaced).toMatchObject({ mode: 'tls-crypt' })
  expect(replaced?.key).not.toBe(served?.key)
  expect(staticKeyIn(await profile(), 'tls-crypt')).toBe(replaced?.key)
  expect(device.profile).toContain('<tls-crypt-v2>')
})

it('gives every tenant a key of its own, and none of a suspended one', async () => {
  const rival = await harness.tenant('rival')
  await setLegacyClients('tls-crypt', rival)
  const { staticKeys } = await keysOf(node)
  expect(new Set(staticKeys.map(({ key }) => key)).size).toBe(2)
  await harness.operator.call('PATCH', `/platform/tenants/${rival.tenantId}`, { suspended: true })
  expect((await keysOf(node)).staticKeys.map(({ tenantId }) => tenantId)).toEqual([tenant.tenantId])
})

it('cuts old clients off, and no others, when the tenant does not let them in any more', async () => {
  const user = await harness.user(tenant, 'carol', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const connect = async (controlKey: 'device' | 'tenant') => {
    const answer = await node.authorise(authoriseRequestOf(user, device, PASSWORD_ONLY, { controlKey }))
    if (answer.decision !== 'allow') throw new Error(JSON.stringify(answer))
    return answer.grant
  }
  const [old] = [await connect('tenant'), await connect('device')]
  await using orders = await listen(node.api)
  await setLegacyClients('off')
  expect(await orders.next()).toEqual({ type: 'handshake-keys-changed' })
  expect(await orders.next()).toMatchObject({
    type: 'revoked',
    connectionId: old.connectionId,
    code: 'profile-too-old',
  })
  await expect(orders.next()).rejects.toThrow('no order came in time')
  expect((await keysOf(node)).staticKeys).toEqual([])
  expect((await database.query('select 1 from static_keys where tenant_id = $1', [tenant.tenantId])).rowCount).toBe(0)
  const token = { kind: 'session-token' as const, token: old.sessionToken }
  const goOn = { phase: 'renegotiation' as const, connectionId: old.connectionId, controlKey: 'tenant' as const }
  expect(await node.decision(authoriseRequestOf(user, device, token, goOn))).toBe('profile-too-old')
  expect(await node.decision(authoriseRequestOf(user, device, token))).toBe('allow')
})

it('allows no old client that was shut out while it was checked', async () => {
  await setLegacyClients('tls-crypt')
  const user = await harness.user(tenant, 'dave', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  await database.query('begin')
  await database.query("update tenants set legacy_clients = 'off' where id = $1", [tenant.tenantId])
  const deciding = node.decision(authoriseRequestOf(user, device, PASSWORD_ONLY, { controlKey: 'tenant' }))
  await waiting(1)
  await database.query('commit')
  expect(await deciding).toBe('profile-too-old')
})

/** Waits until so many transactions wait for another one. */
async function waiting(count: number): Promise<void> {
  const waitingNow = async (): Promise<number | null> =>
    (await database.query('select distinct pid from pg_locks where not granted')).rowCount
  await expect.poll(waitingNow, { timeout: 1500 }).toBe(count)
}

function staticKeyIn(profile: string, tag: string): string | undefined {
  const text = new RegExp(`<${tag}>\\n([^<]*)</${tag}>`).exec(profile)?.[1]
  const key = text === undefined ? undefined : parseStaticKeyFile(text)
  return key && Buffer.from(key).toString('base64')
}
