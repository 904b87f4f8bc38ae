import { randomBytes, randomUUID } from 'node:crypto'

import { fieldOf, requiredText } from '@sallyport/local-services'
import pg from 'pg'

import { type AuthServiceHarness, enrolDevice, type TestTenant } from './auth-service-harness.ts'
import { listItems } from './list-items.ts'

/** What has an id of its own in a tenant. */
export const KINDS = [
  'user',
  'group',
  'network',
  'device',
  'connection',
  'webhook',
  'api-token',
  'passkey',
  'authority',
  'link',
  'tenant',
  'challenge',
  'session',
] as const
export type Kind = (typeof KINDS)[number]

/** The id of each kind. */
export type Ids = Readonly<Record<Kind, string>>

/** A tenant that has one of everything. */
export interface FullTenant {
  readonly tenant: TestTenant
  readonly ids: Ids
}

/** Ids that nothing has. */
export function idsOfNothing(): Ids {
  const id = (): string => randomUUID()
  return {
    user: id(),
    group: id(),
    network: id(),
    device: id(),
    connection: id(),
    webhook: id(),
    'api-token': id(),
    passkey: id(),
    authority: id(),
    link: linkToken(id()),
    tenant: id(),
    challenge: randomBytes(24).toString('base64url'),
    session: randomBytes(32).toString('base64url'),
  }
}

/** Makes a tenant with one of everything, through the API where the API makes it. */
export async function fullTenant(harness: AuthServiceHarness, slug: string, serviceId: string): Promise<FullTenant> {
  const tenant = await harness.tenant(slug)
  const { api } = tenant.client
  const owner = await harness.user(tenant, `owner-of-${slug}`, { totp: false })
  const device = await enrolDevice(owner, `device-of-${slug}`)
  const network = requiredText((await listItems(api, '/networks'))[0], 'networkId')
  const webhook = requiredText(await api.call('POST', '/webhooks', { url: 'https://hooks.example.com/x' }), 'webhookId')
  await api.call('PATCH', `/webhooks/${webhook}`, { disabled: true })
  const token = { name: 'script', scopes: ['self.read'], expiresInSeconds: 3600 }
  const apiToken = requiredText(await owner.client.api.call('POST', '/me/api-tokens', token), 'tokenId')
  await owner.client.api.call('POST', '/me/recovery-codes').catch(() => undefined)
  const sessions = Object(await owner.client.api.call('GET', '/me/sessions')) as unknown[]
  const authority = requiredText(await api.call('POST', '/authorities'), 'authorityId')
  const rows = {
    tenantId: tenant.tenantId,
    userId: owner.userId,
    deviceId: device.deviceId,
    network,
    serviceId,
    authority,
  }
  const { connection, passkey } = await insertRows(harness.postgres.url, rows)
  // After the connection: a later look at the new rules, which nothing waits for, then finds nothing to change.
  const policy = await api.call('GET', '/policy')
  const shown = fieldOf(policy, 'policy')
  const rules = Object.entries(typeof shown === 'object' && shown !== null ? shown : {}).filter(
    ([name]) => name !== 'requiredSince',
  )
  await api.call('PUT', '/policy', { policy: Object.fromEntries(rules), version: fieldOf(policy, 'version') })
  const ids = {
    user: owner.userId,
    group: tenant.passwordOnly,
    network,
    device: device.deviceId,
    connection,
    webhook,
    'api-token': apiToken,
    passkey,
    authority,
    link: linkToken(tenant.tenantId),
    tenant: tenant.tenantId,
    challenge: randomBytes(24).toString('base64url'),
    session: requiredText(sessions[0], 'sessionId'),
  }
  return { tenant, ids }
}

/** A link of a tenant with a secret that is not right. */
function linkToken(tenantId: string): string {
  const tenant = Buffer.from(tenantId.replaceAll('-', ''), 'hex').toString('base64url')
  return `${tenant}.${randomBytes(32).toString('base64url')}`
}

/** What only a node, a browser or time makes. */
async function insertRows(
  url: string,
  of: Readonly<Record<'tenantId' | 'userId' | 'deviceId' | 'network' | 'serviceId' | 'authority', string>>,
): Promise<{ connection: string; passkey: string }> {
  const [connection, passkey] = [randomUUID(), randomUUID()]
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { tenantId, userId, deviceId, network, serviceId, authority } = of
  const insert = async (table: string, row: Readonly<Record<string, unknown>>): Promise<void> => {
    const columns = ['tenant_id', ...Object.keys(row)]
    const places = columns.map((_, index) => `$${String(index + 1)}`).join(', ')
    const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places}) ON CONFLICT DO NOTHING`
    await client.query(sql, [tenantId, ...Object.values(row)])
  }
  try {
    const of = { user_id: userId }
    await insert('connections', {
      ...of,
      id: connection,
      device_id: deviceId,
      network_id: network,
      service_id: serviceId,
      remote_address: '203.0.113.9',
      remote_port: 40_000,
    })
    await insert('passkeys', { ...of, id: passkey, name: 'key', credential_id: randomBytes(16), public_key: 'x' })
    await insert('recovery_codes', { ...of, code_hash: 'x' })
    await insert('one_time_links', {
      ...of,
      purpose: 'invitation',
      secret_sha256: randomBytes(32).toString('hex'),
      expires_at: new Date(Date.now() + 3_600_000),
    })
    await insert('brandings', { display_name: 'Example' })
    await insert('static_keys', { mode: 'tls-crypt', sealed: Buffer.alloc(1) })
    const revoked = { serial: 'abc', reason: 'superseded', expires_at: new Date(Date.now() + 3_600_000) }
    await insert('revoked_certificates', { authority_id: authority, ...revoked })
  } finally {
    await client.end()
  }
  return { connection, passkey }
}

/** Gives every row of a tenant in every table, as texts by table; the owner of the database sees them all. */
export async function rowsOf(
  client: pg.Client,
  tenantId: string,
): Promise<Readonly<Record<string, readonly string[]>>> {
  const tables = await client.query<{ name: string }>(
    `SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') ORDER BY 1`,
  )
  const rows: Record<string, readonly string[]> = {}
  for (const { name } of tables.rows) {
    const found = await client.query<{ row: string }>(
      `SELECT t::text AS row FROM ${name} t WHERE tenant_id = $1 ORDER BY 1`,
      [tenantId],
    )
    rows[name] = found.rows.map(({ row }) => row)
  }
  const tenant = await client.query<{ row: string }>('SELECT t::text AS row FROM tenants t WHERE id = $1', [tenantId])
  return { ...rows, tenants: tenant.rows.map(({ row }) => row) }
}
