import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { ApiClient as ClusterClient, type ClusterIdentity } from '@sallyport/cluster-identity'
import { lease } from '@sallyport/contracts'
import { CsvFile, EnrolmentClient, fieldOf, requiredText, textField } from '@sallyport/local-services'
import { SoftwareAuthenticator, totpCode, TotpDevice } from '@sallyport/testkit'
import { z } from 'zod'

import { startAllocator } from '../integration/allocator-process.ts'
import {
  authoriseRequestOf,
  type AuthServiceHarness,
  enrolDevice,
  NodeClient,
  PASSWORD,
  type TestDevice,
  type TestUser,
} from '../integration/auth-service-harness.ts'
import { freePort } from '../integration/free-port.ts'
import { addPasskey } from '../integration/portal-sign-in.ts'
import { queryRows } from '../integration/query-rows.ts'
import type { Account } from '../interop/site.ts'
import { PortalService } from './portal-service.ts'

const TENANT = 'harbour'
const GROUPS = ['On call', 'Engineering', 'Finance', 'Harbour masters and pilots', 'Contractors']
const PEOPLE = [
  ...['Amina Haddad', 'Bruno Keller', 'Chiara Conti', 'Daniel Okafor', 'Elif Yildiz', 'Felix Baumgartner'],
  ...['Greta Lindqvist', 'Henrik Sørensen', 'Ines Carvalho', 'Jonas Weber', 'Katarzyna Nowak', 'Liam Byrne'],
  ...['Mei Tanaka', 'Nadia Petrova', 'Oscar Nyström', 'Priya Raman', 'Quentin Lefèvre', 'Rosa Jiménez'],
  ...['Samuel Adeyemi', 'Theresa Hinterleitner-Oberhuber', 'Umar Farouk', 'Vera Kovač', 'Wout de Vries', 'Yara Haddad'],
]
const DEVICES = ['Work laptop', 'Phone', 'Home computer', 'Tablet on the pilot boat']

/** Who goes through the pages; each is in an organisation of their own kind. */
export interface Person extends Account {
  readonly tenant: string
}

/** An installation with everything that pages show, and who looks at them. */
export interface Furnished {
  readonly service: PortalService
  readonly employee: Person
  /** Must set up a second factor. */
  readonly newcomer: Person
  /** Has the one-time password of an administrator. */
  readonly beginner: Person
  readonly administrator: Person
  readonly operator: Person
  readonly ids: Readonly<Record<'user' | 'group', string>>
  readonly links: Readonly<Record<'invitation' | 'used' | 'profile', string>>
  /** Has the employee's client wait for them, and gives the address of the page that it would open. */
  readonly wait: () => Promise<string>
}

/** Makes it; what it started ends with `parts`. */
export async function furnish(parts: AsyncDisposableStack): Promise<Furnished> {
  const allocatorPort = String(await freePort())
  const settings = { ALLOCATOR_URL: `https://127.0.0.1:${allocatorPort}` }
  // Networks get their pools when they are made.
  const before = (started: AuthServiceHarness): Promise<void> => startPools(started, allocatorPort, parts)
  const service = parts.use(await PortalService.start(TENANT, settings, before))
  const { harness, tenant } = service
  const nodes = await addNodes(service)
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { settings: { webSignIn: true } })
  await queryRows(harness.postgres.url, "UPDATE tenants SET name = 'Harbour Works' WHERE id = $1", [tenant.tenantId])
  const group = await addPeople(service)
  await addSettings(service)
  const ada = await service.addPerson('ada.moreau', { totp: true })
  const device = await addOwnThings(service, ada.user)
  await addHistory(service, nodes, ada.user.userId)
  await fillPool(service, allocatorPort, nodes[0])
  const newcomer = await harness.user(tenant, 'new.colleague', { totp: true })
  const node = NodeClient.at(harness.nodeApiUrl, nodes[0])
  return {
    service,
    employee: { ...ada, tenant: TENANT },
    newcomer: { tenant: TENANT, username: newcomer.username, password: PASSWORD, totp: undefined },
    beginner: await addBeginner(service),
    administrator: { ...service.administrator, tenant: TENANT },
    operator: await addOperator(service),
    ids: { user: ada.user.userId, group },
    links: await addLinks(service, ada.user),
    wait: () => waitForUser(node, ada.user, device),
  }
}

async function startPools(harness: AuthServiceHarness, port: string, parts: AsyncDisposableStack): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-tour-'))
  parts.defer(() => rm(directory, { recursive: true, force: true }))
  parts.use(
    await startAllocator({
      ALLOCATOR_LISTEN: `127.0.0.1:${port}`,
      METRICS_LISTEN: `127.0.0.1:${String(await freePort())}`,
      REDIS_URL: harness.redis.url,
      AUTH_NODE_API_URL: harness.nodeApiUrl,
      IDENTITY_DIRECTORY: join(directory, 'identity'),
      SERVICE_NAME: 'ip-allocator-1',
      JOIN_TOKEN: await harness.operator.createJoinToken('ip-allocator', 'ip-allocator-1'),
    }),
  )
}

async function addNodes({ harness }: PortalService): Promise<readonly [ClusterIdentity, ClusterIdentity]> {
  const enrol = (name: string): Promise<ClusterIdentity> => harness.enrol('vpn-node', name)
  const nodes = [await enrol('node-hamburg-1'), await enrol('node-lisbon-1')] as const
  const silent = await enrol('node-gdansk-1')
  await enrol('node-oslo-1')
  const startedAt = new Date(Date.now() - 400_000_000).toISOString()
  for (const [index, identity] of [...nodes, silent].entries()) {
    const body = { version: '0.1.0', startedAt, connections: 7 + index, capacity: 65_536, cpuShare: 0.12 + index / 5 }
    const { api } = NodeClient.at(harness.nodeApiUrl, identity)
    await api.call({ method: 'POST', path: '/node-api/v1/status', body, response: z.unknown() })
  }
  // The others are heard of until the tour is over.
  await queryRows(
    harness.postgres.url,
    `UPDATE services SET last_seen_at = now() + CASE WHEN name = 'node-gdansk-1' THEN -1 ELSE 1 END * interval '1 hour'
     WHERE role = 'vpn-node' AND last_seen_at IS NOT NULL`,
  )
  return nodes
}

/** Groups with rules, and users in every state; gives the id of a group with rules. */
async function addPeople({ harness, tenant }: PortalService): Promise<string> {
  const { api } = tenant.client
  let contractors = ''
  for (const name of GROUPS) contractors = requiredText(await api.call('POST', '/groups', { name }), 'groupId')
  const policy = { mfa: 'required', methods: ['totp', 'recovery-code'], sessionSeconds: 28_800, deviceLimit: 2 }
  await api.call('PUT', `/groups/${contractors}/policy`, { policy })
  const rows = PEOPLE.map((name, index) => {
    const username = usernameOf(name)
    const role = index === 3 ? 'auditor' : 'user'
    return [username, `${username}@harbour.example`, name, role, GROUPS[(index % GROUPS.length) + 0]].join(',')
  })
  await api.call('POST', '/users/import', new CsvFile(['username,email,displayName,role,groups', ...rows].join('\n')))
  // All but the last few have chosen a password, and been here.
  await queryRows(
    harness.postgres.url,
    `UPDATE users SET one_time_password = false, last_sign_in_at = now() - random() * interval '20 days',
       password_hash = (SELECT password_hash FROM users WHERE tenant_id = $1 AND username = 'admin'),
       totp_confirmed_at = CASE WHEN random() < 0.8 THEN now() - interval '30 days' END,
       disabled_at = CASE WHEN username = $3 THEN now() END
     WHERE tenant_id = $1 AND username = ANY ($2)`,
    [tenant.tenantId, PEOPLE.slice(0, -4).map(usernameOf), usernameOf('Umar Farouk')],
  )
  return contractors
}

function usernameOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll('ø', 'o')
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '.')
}

async function addSettings({ tenant }: PortalService): Promise<void> {
  const { api } = tenant.client
  await api.call('PATCH', '/settings', {
    branding: {
      displayName: 'Harbour Works',
      accentColour: '#0b5f6e',
      supportText: 'Help desk: extension 4711, on working days from 7 to 19.',
      supportUrl: 'mailto:help@harbour.example',
    },
  })
  const routes = ['10.30.0.0/16', '192.168.40.0/24']
  const dns = { dnsServers: ['10.30.0.53'], dnsDomains: ['yard.harbour.example'] }
  await api.call('POST', '/networks', { name: 'shipyard', ipv4: '10.9.0.0/22', routes, ...dns })
  const webhooks = [
    { url: 'https://chat.harbour.example/hooks/vpn', actions: ['device.*', 'user.disable'] },
    { url: 'https://siem.harbour.example/ingest/sallyport' },
  ]
  for (const webhook of webhooks) {
    const webhookId = requiredText(await api.call('POST', '/webhooks', webhook), 'webhookId')
    await api.call('PATCH', `/webhooks/${webhookId}`, { disabled: true })
  }
  await api.call('POST', '/authorities')
  for (const name of ['Nightly export', 'Inventory of devices']) {
    const scopes = ['devices.read', 'audit.read']
    await api.call('POST', '/me/api-tokens', { name, scopes, expiresInSeconds: 7_776_000 })
  }
}

/** What the employee has: devices, another factor, and an attempt that failed. */
async function addOwnThings(service: PortalService, user: TestUser): Promise<TestDevice> {
  const { api } = user.client
  await api.call('PATCH', '/me', { displayName: 'Ada Moreau' }).catch(() => undefined)
  await service.tenant.client.api.call('PATCH', `/users/${user.userId}`, { displayName: 'Ada Moreau' })
  await addPasskey(user, new SoftwareAuthenticator(service.harness.publicUrl))
  await api.call('POST', '/me/recovery-codes')
  const device = await enrolDevice(user, 'Work laptop')
  await api.call('POST', '/devices', { name: 'Phone', key: 'server-made' })
  const old = await enrolDevice(user, 'Old tablet')
  await api.call('DELETE', `/devices/${old.deviceId}`)
  const token = { name: 'Backup of my notes', scopes: ['self.read'], expiresInSeconds: 2_592_000 }
  await api.call('POST', '/me/api-tokens', token)
  return device
}

/** Devices of everybody, connections of a day, live ones among them, and what the audit log has of it. */
async function addHistory({ harness, tenant }: PortalService, nodes: readonly ClusterIdentity[], userId: string) {
  const values = [tenant.tenantId, userId, DEVICES, nodes.map(({ serviceId }) => serviceId)]
  const run = (sql: string, given: readonly unknown[]) => queryRows(harness.postgres.url, sql, given)
  await run(
    `INSERT INTO devices (tenant_id, user_id, network_id, name, certificate, certificate_serial, certificate_sha256,
       certificate_not_after, authority_id, last_connected_at, created_at)
     SELECT d.tenant_id, u.id, d.network_id, ($3::text[])[1 + (n + row_number() OVER ()) % 4], d.certificate,
       md5(u.id::text || n), md5(u.id::text || n) || md5(n || u.id::text),
       now() + ((row_number() OVER () - 2) * interval '13 days'), d.authority_id,
       now() - random() * interval '9 days', now() - interval '90 days'
     FROM devices d, users u, generate_series(1, 2) n
     WHERE d.tenant_id = $1 AND d.user_id = $2 AND d.name = 'Work laptop' AND u.tenant_id = $1
       AND u.id <> $2 AND u.last_sign_in_at IS NOT NULL AND u.display_name IS NOT NULL`,
    values.slice(0, 3),
  )
  // A quarter goes on; the others began through the day and ended.
  await run(
    `WITH d AS (SELECT *, row_number() OVER (ORDER BY user_id = $2 DESC, created_at DESC, id) AS n FROM devices
       WHERE tenant_id = $1 AND revoked_at IS NULL)
     INSERT INTO connections (tenant_id, user_id, device_id, network_id, service_id, transport, remote_address, remote_port,
       ipv4, cipher, authorised_at, established_at, ends_at, ended_at, end_reason, received_bytes, sent_bytes)
     SELECT tenant_id, user_id, id, network_id, ($3::uuid[])[1 + n % 2], CASE WHEN n % 5 = 0 THEN 'tcp' ELSE 'udp' END,
       '203.0.113.' || (10 + n), 40000 + n, '10.8.0.' || (10 + n), 'AES-256-GCM', at, at,
       CASE WHEN lives THEN now() + CASE WHEN n = 1 THEN interval '9 minutes' ELSE interval '6 hours' END END,
       CASE WHEN NOT lives THEN at + interval '95 minutes' END,
       CASE WHEN NOT lives THEN (ARRAY['client-exit', 'keepalive-timeout', 'ordered', 'replaced'])[1 + (n + k) % 4] END,
       (random() * 4e8)::bigint, (random() * 4e9)::bigint
     FROM d, generate_series(0, 3) k, LATERAL (SELECT k = 0 AND n % 3 = 1 AS lives,
       now() - (k * interval '5 hours') - ((n * 7) % 240) * interval '1 minute' - interval '2 hours' AS at) begun
     WHERE k > 0 OR n % 3 = 1`,
    [values[0], values[1], values[3]],
  )
  await run(
    `INSERT INTO audit_events (tenant_id, at, actor, action, target, outcome, user_id)
     SELECT c.tenant_id, c.authorised_at - n * interval '1 minute', 'device:' || c.device_id, 'connection.authorise',
       'device:' || c.device_id,
       CASE WHEN n = 0 THEN 'ok' ELSE (ARRAY['wrong-otp', 'wrong-password', 'otp-required', 'device-revoked'])[n] END,
       c.user_id
     FROM connections c, generate_series(0, 4) n WHERE c.tenant_id = $1 AND (n = 0 OR random() < 0.2 / n)`,
    [tenant.tenantId],
  )
}

async function fillPool({ harness, tenant }: PortalService, port: string, credentials: ClusterIdentity): Promise<void> {
  const networks = fieldOf(await tenant.client.api.call('GET', '/networks'), 'items')
  const all: readonly unknown[] = Array.isArray(networks) ? networks : []
  const networkId = requiredText(
    all.find((network) => textField(network, 'name') === 'main'),
    'networkId',
  )
  const rows = await queryRows(harness.postgres.url, 'SELECT id FROM devices WHERE tenant_id = $1', [tenant.tenantId])
  await using leases = new ClusterClient({
    baseUrl: `https://127.0.0.1:${port}`,
    serverRole: 'ip-allocator',
    credentials,
  })
  await Promise.all(
    rows.map(({ id }) =>
      leases.call({
        method: 'POST',
        path: `/allocator/v1/pools/${networkId}/leases`,
        body: { tenantId: tenant.tenantId, deviceId: id, connectionId: randomUUID() },
        response: lease,
      }),
    ),
  )
}

async function addLinks({ tenant }: PortalService, { client, userId }: TestUser): Promise<Furnished['links']> {
  const invite = async (username: string): Promise<string> => {
    const invited = await tenant.client.api.call('POST', '/users', { username, credential: 'invitation' })
    return requiredText(fieldOf(invited, 'invitation'), 'url')
  }
  const used = await invite('already.here')
  await tenant.client.api.call('POST', `/links/${used.split('/').at(-1) ?? ''}`, { password: PASSWORD })
  const found = fieldOf(await client.api.call('GET', `/devices?search=Phone&userId=${userId}`), 'items')
  const phone = requiredText(Array.isArray(found) ? found[0] : undefined, 'deviceId')
  const profile = await client.api.call('POST', `/devices/${phone}/import-link`, { expiresInSeconds: 3600 })
  const token = requiredText(profile, 'url').split('/').at(-1) ?? ''
  return { invitation: await invite('joins.soon'), used, profile: `/link/${token}` }
}

async function addBeginner({ tenant }: PortalService): Promise<Person> {
  const username = 'first.day'
  const password = requiredText(await tenant.client.api.call('POST', '/users', { username }), 'oneTimePassword')
  return { tenant: TENANT, username, password, totp: undefined }
}

async function addOperator({ harness }: PortalService): Promise<Person> {
  const { operator, postgres, publicUrl } = harness
  for (const [slug, name] of [
    ['north-pier', 'North Pier Logistics'],
    ['old-mill', 'Old Mill Brewery'],
  ] as const) {
    const { tenantId } = await operator.createTenant(slug, name, 'admin', ['host'])
    if (slug === 'old-mill') await operator.call('PATCH', `/platform/tenants/${tenantId}`, { suspended: true })
  }
  const username = 'root'
  const made = await operator.call('POST', '/platform/operators', { username, displayName: 'Olga Operator' })
  const oneTimePassword = requiredText(made, 'oneTimePassword')
  const tenant = textField(made, 'tenant') ?? 'platform'
  const client = new EnrolmentClient(publicUrl)
  await client.signIn({ tenant, username, password: oneTimePassword })
  await client.changePassword(oneTimePassword, PASSWORD)
  const { secret } = await client.beginTotp()
  await client.confirmTotp(totpCode(secret, Date.now() - 30_000))
  await queryRows(postgres.url, "UPDATE tenants SET name = 'Coast Cloud' WHERE slug = $1", [tenant])
  return { tenant, username, password: PASSWORD, totp: { secret, device: new TotpDevice(secret) } }
}

async function waitForUser(node: NodeClient, user: TestUser, device: TestDevice): Promise<string> {
  const credential = { kind: 'password' as const, password: PASSWORD }
  const dialogues: ('text' | 'web')[] = ['text', 'web']
  const answer = await node.authorise(authoriseRequestOf(user, device, credential, { dialogues }))
  const url = answer.decision === 'challenge' ? answer.url : undefined
  if (url === undefined) throw new Error(`no page was asked for, but: ${answer.decision}`)
  return url
}
