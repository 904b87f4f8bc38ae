import { type ApiClient, fieldOf, requiredText, textField } from '@sallyport/local-services'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolDevice, type TestTenant, type TestUser } from './auth-service-harness.ts'
import { type ListItem, listItems } from './list-items.ts'

let harness: AuthServiceHarness
let acme: TestTenant
let alice: TestUser
let bob: TestUser
let database: pg.Client

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  acme = await harness.tenant('acme')
  alice = await harness.user(acme, 'alice', { totp: false })
  bob = await harness.user(acme, 'bob', { totp: false })
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
}, 120_000)

afterAll(async () => {
  await database.end()
  await harness[Symbol.asyncDispose]()
})

/** Reads a list to its end in parts; throws when a part is longer than asked for. */
async function everything(api: Pick<ApiClient, 'call'>, path: string, limit: number): Promise<ListItem[]> {
  const items: ListItem[] = []
  for (let after: string | undefined; ;) {
    const query = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) })
    const page = await api.call('GET', `${path}${path.includes('?') ? '&' : '?'}${query.toString()}`)
    const part = fieldOf(page, 'items')
    if (!Array.isArray(part) || part.length > limit) throw new TypeError('this is no part of the list')
    items.push(...part.filter(isItem))
    after = textField(page, 'next')
    if (after === undefined) return items
  }
}

function isItem(value: unknown): value is ListItem {
  return typeof value === 'object' && value !== null
}

/** Adds connections, some of them at the same moment, half of them ended. */
async function addConnections(user: TestUser, deviceId: string, serviceId: string, count: number): Promise<void> {
  await database.query(
    `INSERT INTO connections (tenant_id, user_id, device_id, network_id, service_id, remote_address, remote_port,
       authorised_at, ended_at, ends_at)
     SELECT tenant_id, $2, id, network_id, $4, '203.0.113.' || n % 5, 40000 + n,
       now() - make_interval(secs => n / 3), CASE WHEN n % 2 = 0 THEN now() END, now() + interval '1 hour'
     FROM devices, generate_series(1, $5) n WHERE tenant_id = $1 AND id = $3`,
    [acme.tenantId, user.userId, deviceId, serviceId, count],
  )
}

it('gives connections in parts, each once and the newest first, by state, person, network, node and text', async () => {
  const [near, far] = [await harness.enrol('vpn-node', 'near'), await harness.enrol('vpn-node', 'far')]
  await database.query('UPDATE services SET last_seen_at = now()')
  const [laptop, phone] = [await enrolDevice(alice, 'laptop'), await enrolDevice(bob, 'phone')]
  await addConnections(alice, laptop.deviceId, near.serviceId, 60)
  await addConnections(bob, phone.deviceId, far.serviceId, 10)
  const all = await everything(acme.client.api, '/connections', 7)
  expect(new Set(all.map(({ connectionId }) => connectionId)).size).toBe(70)
  const times = all.map(({ authorisedAt }) => String(authorisedAt))
  expect(times).toEqual(times.toSorted().toReversed())
  expect(all[0]).toMatchObject({ networkName: 'main' })
  expect(all[0]?.['sessionEndsAt']).toMatch(/Z$/)

  const count = async (query: string): Promise<number> =>
    (await everything(acme.client.api, `/connections?${query}`, 50)).length
  const networkId = String(all[0]?.['networkId'])
  expect(await count('state=live')).toBe(35)
  expect(await count('state=ended')).toBe(35)
  expect(await count(`userId=${bob.userId}`)).toBe(10)
  expect(await count(`networkId=${networkId}&node=far`)).toBe(10)
  expect(await count('node=nowhere')).toBe(0)
  expect(await count('search=LAPT')).toBe(60)
  expect(await count('search=far')).toBe(10)
  expect(await count('search=203.0.113.4')).toBe(14)
  expect(await count('search=%25')).toBe(0)
  const live = await everything(acme.client.api, '/connections?state=live', 50)
  expect(live.every((connection) => connection['live'] === true && connection['endedAt'] === null)).toBe(true)

  expect(await everything(bob.client.api, '/me/connections', 3)).toHaveLength(10)
  expect(await everything(bob.client.api, '/me/connections?state=live', 3)).toHaveLength(5)
  for (const query of ['userId=' + alice.userId, 'state=asleep', 'after=nonsense', 'limit=0', 'colour=red'])
    await expect(bob.client.api.call('GET', `/me/connections?${query}`), query).rejects.toMatchObject({ status: 400 })

  // What a silent node carries nobody knows.
  await database.query(`UPDATE services SET last_seen_at = now() - interval '61 seconds' WHERE name = 'far'`)
  expect(await count('state=live')).toBe(30)
  expect(await count('')).toBe(65)
})

it('finds what is rare in a long history of connections, each once', async () => {
  const device = await enrolDevice(bob, 'tablet')
  await database.query(
    `INSERT INTO connections (tenant_id, user_id, device_id, network_id, service_id, remote_address, remote_port,
       authorised_at, ended_at)
     SELECT tenant_id, user_id, devices.id, network_id, services.id,
       CASE WHEN n % 15000 = 0 THEN '198.51.100.77' ELSE '198.51.100.1' END, 40000,
       now() - make_interval(days => 1, secs => n / 7), now()
     FROM devices, services, generate_series(1, 45000) n WHERE devices.id = $1 AND services.name = 'near'`,
    [device.deviceId],
  )
  const rare = await everything(acme.client.api, '/connections?search=198.51.100.77', 2)
  expect(rare).toHaveLength(3)
  expect(new Set(rare.map(({ connectionId }) => connectionId)).size).toBe(3)
  expect(await everything(acme.client.api, '/connections?search=198.51.100.78', 2)).toEqual([])
  expect(await everything(bob.client.api, '/me/connections?node=far', 200)).toHaveLength(5)
})

it('finds networks, webhooks, tokens and devices, and names networks to everybody', async () => {
  await harness.operator.call('PATCH', `/platform/tenants/${acme.tenantId}`, { namespaces: ['host'] })
  for (const number of [61, 62, 63])
    await acme.client.api.call('POST', '/networks', {
      name: `lab-${String(number)}`,
      ipv4: `10.${String(number)}.0.0/24`,
    })
  const names = async (client: TestTenant['client'], path: string): Promise<unknown[]> =>
    (await everything(client.api, path, 2)).map(({ name }) => name)
  const networks = ['main', 'lab-61', 'lab-62', 'lab-63']
  expect(await names(acme.client, '/networks')).toEqual(networks)
  expect(await names(acme.client, '/networks?search=10.62')).toEqual(['lab-62'])
  expect(await names(alice.client, '/me/networks')).toEqual(networks)
  // Nobody finds out by searching what they may not see.
  expect(await names(alice.client, '/me/networks?search=10.62')).toEqual([])
  const ofTenant = await listItems(harness.operator, `/platform/tenants/${acme.tenantId}/networks?search=LAB&limit=2`)
  expect(ofTenant.map(({ name }) => name)).toEqual(['lab-61', 'lab-62'])

  for (const host of ['one', 'two', 'three'])
    await acme.client.api.call('POST', '/webhooks', { url: `https://${host}.example.com/` })
  expect(await everything(acme.client.api, '/webhooks', 2)).toHaveLength(3)
  expect((await listItems(acme.client.api, '/webhooks?search=two')).map(({ url }) => url)).toEqual([
    'https://two.example.com/',
  ])

  const token = { name: '100% export', scopes: ['self.read'], expiresInSeconds: 3600 }
  await alice.client.api.call('POST', '/me/api-tokens', token)
  await bob.client.api.call('POST', '/me/api-tokens', { ...token, name: 'backup' })
  expect(await names(acme.client, '/api-tokens?search=0%25')).toEqual(['100% export'])
  expect(await names(acme.client, '/api-tokens?search=BOB')).toEqual(['backup'])

  const [tablet, old] = [await enrolDevice(alice, 'tablet'), await enrolDevice(alice, 'old phone')]
  await alice.client.api.call('DELETE', `/devices/${old.deviceId}`)
  await database.query(`UPDATE devices SET certificate_not_after = now() + interval '5 days' WHERE id = $1`, [
    tablet.deviceId,
  ])
  expect(await names(alice.client, '/devices?state=revoked')).toEqual(['old phone'])
  expect(await names(alice.client, '/devices?state=active&search=t')).toEqual(['laptop', 'tablet'])
  const soon = encodeURIComponent(new Date(Date.now() + 30 * 24 * 3_600_000).toISOString())
  expect(await names(acme.client, `/devices?expiresBefore=${soon}`)).toEqual(['tablet'])
})

it('finds tenants and services of the platform', async () => {
  const rival = await harness.tenant('rival')
  await harness.operator.call('PATCH', `/platform/tenants/${rival.tenantId}`, { suspended: true })
  const slugs = async (query: string): Promise<unknown[]> =>
    (await everything(harness.operator, `/platform/tenants?${query}`, 1)).map(({ slug }) => slug)
  expect(await slugs('state=suspended')).toEqual(['rival'])
  expect(await slugs('state=active&search=ACM')).toEqual(['acme'])

  const services = await listItems(harness.operator, '/platform/services?search=ear')
  expect(services.map(({ name }) => name)).toEqual(['near'])
  await harness.operator.call('POST', `/platform/services/${requiredText(services[0], 'serviceId')}/drain`)
  const named = async (query: string): Promise<unknown[]> =>
    (await listItems(harness.operator, `/platform/services?${query}`)).map(({ name }) => name)
  expect(await named('state=draining')).toEqual(['near'])
  expect(await named('role=vpn-node&state=active')).toEqual(['far'])
  expect(await named('state=revoked')).toEqual([])
})
