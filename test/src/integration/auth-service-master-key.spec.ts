import { open, seal } from '@sallyport/certificate-authority'
import { Secret } from '@sallyport/foundation'
import { ApiClient, type ManagedProcess } from '@sallyport/local-services'
import { totpCode } from '@sallyport/testkit'
import pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  MASTER_KEY,
  NodeClient,
  PASSWORD,
  runAuthService,
  startAuthService,
  type TestDevice,
  type TestUser,
} from './auth-service-harness.ts'
import { freePort } from './free-port.ts'

const STEP_MS = 30_000
/** Each test starts the service several times. */
const PATIENCE_MS = 120_000
const NEW_KEY = Buffer.alloc(32, 9).toString('base64')
const OTHER_KEY = Buffer.alloc(32, 10).toString('base64')

let harness: AuthServiceHarness
let user: TestUser
let device: TestDevice
let totpSecret: string
/** The service's name, certificate and key as a node of the cluster. */
let nodeIdentity: Parameters<typeof NodeClient.at>[1]
let others: ManagedProcess[]

beforeEach(async () => {
  harness = await AuthServiceHarness.start()
  others = []
  nodeIdentity = await harness.enrol('vpn-node', 'node-1')
  const tenant = await harness.tenant('acme')
  user = await harness.user(tenant, 'alice', { totp: true })
  totpSecret = (await user.client.beginTotp()).secret
  await user.client.confirmTotp(totpCode(totpSecret, Date.now() - STEP_MS))
  device = await enrolDevice(user, 'Laptop')
})

afterEach(async () => {
  for (const other of others) await other.stop()
  await harness[Symbol.asyncDispose]()
})

interface Instance {
  readonly environment: Readonly<Record<string, string>>
  readonly operator: ApiClient
  readonly process: ManagedProcess
}

/** One more instance on the same PostgreSQL and Redis. */
async function startInstance(masterKey: string, changes: Readonly<Record<string, string>> = {}): Promise<Instance> {
  const [publicAddress, nodeAddress] = [
    `127.0.0.1:${String(await freePort())}`,
    `127.0.0.1:${String(await freePort())}`,
  ]
  const environment = {
    ...harness.environment,
    AUTH_LISTEN: publicAddress,
    AUTH_NODE_API_LISTEN: nodeAddress,
    METRICS_LISTEN: '',
    MASTER_KEY: masterKey,
    ...changes,
  }
  const process = await startAuthService(environment)
  others.push(process)
  return { environment, operator: operatorAt(`http://${publicAddress}`), process }
}

function operatorAt(url: string): ApiClient {
  return new ApiClient(url, new Secret(harness.environment['OPERATOR_TOKEN'] ?? ''))
}

/** Connects with password and code. */
async function comesIn(nodeApiUrl: string): Promise<string> {
  const response = totpCode(totpSecret, Date.now())
  const credential = { kind: 'password' as const, password: PASSWORD, response }
  return NodeClient.at(nodeApiUrl, nodeIdentity).decision(authoriseRequestOf(user, device, credential))
}

const masterKeysOf = async (operator: ApiClient, path = '', body?: unknown): Promise<unknown[]> => {
  const method = path === '' && body === undefined ? 'GET' : 'POST'
  const { masterKeys } = Object(await operator.call(method, `/platform/master-key${path}`, body)) as {
    masterKeys: unknown[]
  }
  return masterKeys
}

it('changes the master key one instance at a time and loses nothing', { timeout: PATIENCE_MS }, async () => {
  const first = operatorAt(harness.publicUrl)
  const second = await startInstance(MASTER_KEY)
  expect(await masterKeysOf(first)).toMatchObject([{ isOfThisInstance: true }])

  expect(await masterKeysOf(first, '', { newMasterKey: NEW_KEY })).toMatchObject([
    { isOfThisInstance: true },
    { isOfThisInstance: false },
  ])
  await expect(masterKeysOf(first, '', { newMasterKey: OTHER_KEY })).rejects.toMatchObject({
    code: 'master-key-changing',
  })
  await expect(masterKeysOf(first, '/finish')).rejects.toMatchObject({ status: 409, code: 'old-master-key' })
  // An instance that is restarted with the key that it had still starts.
  await harness.restart()

  await second.process.stop()
  const renewed = await startInstance(NEW_KEY)
  const nodeApiUrl = `https://${renewed.environment['AUTH_NODE_API_LISTEN'] ?? ''}`
  expect(await comesIn(nodeApiUrl)).toBe('allow')
  await expect(masterKeysOf(renewed.operator, '/cancel')).rejects.toMatchObject({ code: 'new-master-key' })

  await harness.stopService()
  expect(await masterKeysOf(renewed.operator, '/finish')).toMatchObject([{ isOfThisInstance: true }])
  await using old = runAuthService(harness.environment)
  expect(await old.exited).toBe('exit code 1')
  expect(old.tail()).toContain('MASTER_KEY does not open the secrets of this database')

  const third = await startInstance(NEW_KEY)
  expect(await third.operator.call('GET', '/platform/tenants')).toMatchObject({ items: [{ slug: 'acme' }] })
})

it('agrees on one data key when instances start at once on an empty database', { timeout: PATIENCE_MS }, async () => {
  await harness.stopService()
  const changes = { DATABASE_URL: await harness.postgres.createDatabase() }
  const starts = await Promise.all([startInstance(MASTER_KEY, changes), startInstance(MASTER_KEY, changes)])
  const shown = await Promise.all(starts.map(({ operator }) => masterKeysOf(operator)))
  expect(shown.map((keys) => keys.length)).toEqual([1, 1])
  await using again = runAuthService({ ...harness.environment, ...changes })
  await again.waitForLine(/"msg":"ready"/, 20_000)
})

it('cancels a change before anybody runs with the new key', { timeout: PATIENCE_MS }, async () => {
  const operator = operatorAt(harness.publicUrl)
  await masterKeysOf(operator, '', { newMasterKey: NEW_KEY })
  expect(await masterKeysOf(operator, '/cancel')).toMatchObject([{ isOfThisInstance: true }])
  await using refused = runAuthService({ ...harness.environment, METRICS_LISTEN: '', MASTER_KEY: NEW_KEY })
  expect(await refused.exited).toBe('exit code 1')
  expect(await comesIn(harness.nodeApiUrl)).toBe('allow')
})

it('refuses what cannot be a new master key without printing it', { timeout: PATIENCE_MS }, async () => {
  const operator = operatorAt(harness.publicUrl)
  for (const newMasterKey of ['', 'short', `${NEW_KEY}\n`, NEW_KEY.replace('=', ''), 7, null]) {
    await expect(masterKeysOf(operator, '', { newMasterKey })).rejects.toMatchObject({ code: 'bad-request' })
  }
  const same = masterKeysOf(operator, '', { newMasterKey: MASTER_KEY })
  await expect(same).rejects.toMatchObject({ status: 409, code: 'same-master-key' })
  await expect(masterKeysOf(user.client.api)).rejects.toMatchObject({ status: 403 })
  expect(harness.tail()).not.toContain(NEW_KEY.slice(0, 20))
  expect(await masterKeysOf(operator)).toHaveLength(1)
})

it('seals the secrets of an earlier version with a data key at its first start', { timeout: PATIENCE_MS }, async () => {
  await harness.stopService()
  await sealWithMasterKey(harness.postgres.url)
  await harness.restart()
  expect(await comesIn(harness.nodeApiUrl)).toBe('allow')
  expect(await masterKeysOf(operatorAt(harness.publicUrl))).toHaveLength(1)
})

it(
  'leaves the secrets of an earlier version alone when the master key is another one',
  { timeout: PATIENCE_MS },
  async () => {
    await harness.stopService()
    await sealWithMasterKey(harness.postgres.url)
    await using refused = runAuthService({ ...harness.environment, METRICS_LISTEN: '', MASTER_KEY: NEW_KEY })
    expect(await refused.exited).toBe('exit code 1')
    expect(refused.tail()).toContain('Nothing was changed')
    await harness.restart()
    expect(await comesIn(harness.nodeApiUrl)).toBe('allow')
  },
)

/** Brings the database to what the version before the data key left behind. */
async function sealWithMasterKey(ownerUrl: string): Promise<void> {
  const masterKey = new Secret<Uint8Array>(new Uint8Array(Buffer.from(MASTER_KEY, 'base64')))
  const columns = [
    ['platform_secrets', 'name', 'sealed', 'platform secret', 'name'],
    ['cookie_keys', 'id', 'sealed', 'cookie key', 'id::text'],
    ['certificate_authorities', 'id', 'sealed_key', 'tenant authority key', "tenant_id || '/' || id"],
    ['users', 'id', 'totp_secret', 'totp secret', "tenant_id || '/' || id"],
  ] as const
  const owner = new pg.Client({ connectionString: ownerUrl })
  await owner.connect()
  try {
    const copies = await owner.query<{ name: string; sealed: Uint8Array }>(
      "DELETE FROM platform_secrets WHERE name LIKE 'data-key:%' RETURNING name, sealed",
    )
    const [copy] = copies.rows
    if (copy === undefined) throw new Error('there is no data key')
    const dataKey = new Secret<Uint8Array>(open(masterKey, 'data key', copy.name, copy.sealed))
    for (const [table, id, column, purpose, place] of columns) {
      const rows = await owner.query<{ id: string; place: string; sealed: Uint8Array }>(
        `SELECT ${id} AS id, ${place} AS place, ${column} AS sealed FROM ${table} WHERE ${column} IS NOT NULL`,
      )
      expect(rows.rowCount, table).toBeGreaterThan(0)
      for (const row of rows.rows) {
        const sealed = seal(masterKey, purpose, row.place, open(dataKey, purpose, row.place, row.sealed))
        await owner.query(`UPDATE ${table} SET ${column} = $2 WHERE ${id} = $1`, [row.id, sealed])
      }
    }
  } finally {
    await owner.end()
  }
}
