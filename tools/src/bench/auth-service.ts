import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { ApiClient, loadOrEnrol } from '@sallyport/cluster-identity'
import { SallyportError, Secret } from '@sallyport/foundation'
import { hashPassword } from '@sallyport/identity'
import { claimPort, ManagedProcess, PlatformClient } from '@sallyport/local-services'
import { throwawayPostgres, throwawayRedis } from '@sallyport/testkit'
import pg from 'pg'

import { CHECKOUT } from '../command.ts'

const PASSWORD = 'a password for one benchmark'
const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')
const OPERATOR_TOKEN = 'an operator token for one benchmark only'
const START_TIMEOUT_MS = 30_000

const ADD_TENANT = `
  WITH no_factor AS (INSERT INTO policies (tenant_id, policy) VALUES ($1, '{"mfa": "off"}'))
  INSERT INTO networks (tenant_id, name, ipv4, routes, dns_servers, dns_domains)
  VALUES ($1, 'bench', '10.8.0.0/16', '{}', '{}', '{}')`

const ADD_DEVICES = `
  WITH device AS (SELECT id, digest, number FROM unnest($2::uuid[], $3::text[]) WITH ORDINALITY AS d (id, digest, number)),
  owner AS (
    INSERT INTO users (tenant_id, username, password_hash, one_time_password)
    SELECT $1, 'user-' || number, $4, false FROM device RETURNING id, username)
  INSERT INTO devices (tenant_id, id, user_id, network_id, authority_id, name, certificate, certificate_serial,
    certificate_sha256, certificate_not_after)
  SELECT $1, device.id, owner.id, network.id, authority.id, 'bench', '', device.number, device.digest, now() + interval '1 day'
  FROM device
  JOIN owner ON owner.username = 'user-' || device.number
  JOIN networks network ON network.tenant_id = $1
  JOIN certificate_authorities authority ON authority.tenant_id = $1`

/** A device of a user of its own, as a node names it. */
export interface AuthDevice {
  readonly tenantId: string
  readonly deviceId: string
  readonly username: string
  readonly password: string
  readonly certificateSha256: string
  /** Where its client connects from: one address for each, as limits are kept for sources too. */
  readonly address: string
}

/** The built auth-service with a PostgreSQL and a Redis of its own. */
export interface AuthServiceUnderTest extends AsyncDisposable {
  readonly pid: number
  /** The calls of an enrolled node. */
  readonly node: ApiClient
  readonly devices: readonly AuthDevice[]
}

/** Starts one, with so many users of one tenant who have a device each and need no second factor. */
export async function startAuthService(devices: number): Promise<AuthServiceUnderTest> {
  await using parts = new AsyncDisposableStack()
  const postgres = parts.use(await throwawayPostgres())
  const redis = parts.use(await throwawayRedis())
  const [publicPort, nodePort] = [await freePort('AUTH_LISTEN'), await freePort('AUTH_NODE_API_LISTEN')]
  const publicUrl = `http://127.0.0.1:${String(publicPort)}`
  const nodeApiUrl = `https://127.0.0.1:${String(nodePort)}`
  const service = parts.use(
    new ManagedProcess({
      name: 'auth-service',
      file: process.execPath,
      args: [...profilerArguments(), join(CHECKOUT, 'apps/auth-service/dist/main.js')],
      env: {
        PATH: process.env['PATH'],
        AUTH_LISTEN: `127.0.0.1:${String(publicPort)}`,
        AUTH_PUBLIC_URL: publicUrl,
        AUTH_NODE_API_LISTEN: `127.0.0.1:${String(nodePort)}`,
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        MASTER_KEY,
        OPERATOR_TOKEN,
        VPN_REMOTES: 'vpn.example.com:1194/udp',
        LOG_LEVEL: 'warn',
      },
      stopSignal: 'SIGTERM',
    }),
  )
  const platform = new PlatformClient(publicUrl, new Secret(OPERATOR_TOKEN))
  await reachable(publicUrl, service)
  const { tenantId } = await platform.createTenant('bench', 'Bench', 'admin', ['host'])
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-auth-'))
  parts.defer(() => rm(directory, { recursive: true, force: true }))
  const node = await enrolNode(platform, nodeApiUrl, directory)
  const known = await addDevices(postgres.url, tenantId, devices)
  const owned = parts.move()
  return { pid: service.pid ?? 0, node, devices: known, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** For a look inside, for example `SALLYPORT_BENCH_NODE="--cpu-prof --cpu-prof-dir=profiles"`. */
function profilerArguments(): string[] {
  return (process.env['SALLYPORT_BENCH_NODE'] ?? '').split(' ').filter((argument) => argument !== '')
}

function freePort(setting: string): Promise<number> {
  return claimPort({ host: '127.0.0.1', port: 0, protocol: 'tcp', setting })
}

async function reachable(publicUrl: string, service: ManagedProcess): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const answer = await fetch(`${publicUrl}/health/ready`).catch(() => undefined)
    if (answer?.status === 200) return
    if (!service.running || performance.now() > deadlineMs) {
      throw new SallyportError('auth-service-not-ready', `the auth-service did not start: ${service.tail()}`)
    }
    await delay(50)
  }
}

async function enrolNode(platform: PlatformClient, nodeApiUrl: string, directory: string): Promise<ApiClient> {
  const name = 'bench-node'
  const joinToken = new Secret(await platform.createJoinToken('vpn-node', name))
  const credentials = await loadOrEnrol({
    directory: join(directory, 'identity'),
    role: 'vpn-node',
    name,
    authServiceUrl: nodeApiUrl,
    joinToken,
    hosts: ['localhost'],
    nowMs: Date.now(),
  })
  return new ApiClient({ baseUrl: nodeApiUrl, serverRole: 'auth-service', credentials })
}

/** Writes the rows that the API would, all at once: enrolling a thousand people is not what is measured. */
async function addDevices(databaseUrl: string, tenantId: string, count: number): Promise<AuthDevice[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const ids = Array.from({ length: count }, () => randomUUID())
    const digests = ids.map((id) => createHash('sha256').update(id).digest('hex'))
    await client.query(ADD_TENANT, [tenantId])
    await client.query(ADD_DEVICES, [tenantId, ids, digests, await hashPassword(PASSWORD)])
    return ids.map((deviceId, index) => ({
      tenantId,
      deviceId,
      username: `user-${String(index + 1)}`,
      password: PASSWORD,
      certificateSha256: digests[index] ?? '',
      address: `10.${String(index >> 16)}.${String((index >> 8) & 255)}.${String(index & 255)}`,
    }))
  } finally {
    await client.end()
  }
}
