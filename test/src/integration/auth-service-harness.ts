import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { ClusterIdentity } from '@sallyport/cluster-identity'
import { ApiClient as ClusterClient, loadOrEnrol } from '@sallyport/cluster-identity'
import {
  type AuthoriseRequest,
  type AuthoriseResponse,
  authoriseResponse,
  type Credential,
  type ServiceRole,
} from '@sallyport/contracts'
import { Secret } from '@sallyport/foundation'
import {
  EnrolmentClient,
  fieldOf,
  letInWithoutFactor,
  ManagedProcess,
  type NewTenant,
  PlatformClient,
  requiredText,
} from '@sallyport/local-services'
import {
  type ThrowawayPostgres,
  throwawayPostgres,
  type ThrowawayRedis,
  throwawayRedis,
  totpCode,
} from '@sallyport/testkit'

import { freePort } from './free-port.ts'

const MAIN = fileURLToPath(new URL('../../../apps/auth-service/dist/main.js', import.meta.url))
const COMPILE_CACHE = fileURLToPath(new URL('../../../node_modules/.cache/sallyport-compiled', import.meta.url))
const OPERATOR_TOKEN = 'an operator token of this test run only'
export const MASTER_KEY = Buffer.alloc(32, 7).toString('base64')
const STEP_MS = 30_000
const ARRIVES_WITHIN_MS = 2000

/** The built auth-service with a PostgreSQL and a Redis of its own. */
export class AuthServiceHarness implements AsyncDisposable {
  readonly postgres: ThrowawayPostgres
  readonly redis: ThrowawayRedis
  readonly environment: Readonly<Record<string, string>>
  readonly #parts: AsyncDisposableStack
  #process: ManagedProcess

  private constructor(
    servers: { postgres: ThrowawayPostgres; redis: ThrowawayRedis },
    environment: Readonly<Record<string, string>>,
    process: ManagedProcess,
    parts: AsyncDisposableStack,
  ) {
    this.postgres = servers.postgres
    this.redis = servers.redis
    this.environment = environment
    this.#process = process
    this.#parts = parts
  }

  static async start(changes: Readonly<Record<string, string>> = {}): Promise<AuthServiceHarness> {
    await using parts = new AsyncDisposableStack()
    const postgres = parts.use(await throwawayPostgres())
    const redis = parts.use(await throwawayRedis())
    const [publicPort, nodePort, metricsPort] = [await freePort(), await freePort(), await freePort()]
    const environment = {
      AUTH_LISTEN: `127.0.0.1:${String(publicPort)}`,
      AUTH_PUBLIC_URL: `http://127.0.0.1:${String(publicPort)}`,
      AUTH_NODE_API_LISTEN: `127.0.0.1:${String(nodePort)}`,
      METRICS_LISTEN: `127.0.0.1:${String(metricsPort)}`,
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      MASTER_KEY,
      OPERATOR_TOKEN,
      VPN_REMOTES: 'vpn.example.com:1194/udp,192.0.2.1:443/udp',
      ...changes,
    }
    const process = await startAuthService(environment)
    return new AuthServiceHarness({ postgres, redis }, environment, process, parts.move())
  }

  get publicUrl(): string {
    return this.environment['AUTH_PUBLIC_URL'] ?? ''
  }

  get nodeApiUrl(): string {
    return `https://${this.environment['AUTH_NODE_API_LISTEN'] ?? ''}`
  }

  get operator(): PlatformClient {
    return new PlatformClient(this.publicUrl, new Secret(OPERATOR_TOKEN))
  }

  /** Its last log lines. */
  tail(): string {
    return this.#process.tail()
  }

  async restart(): Promise<void> {
    await this.#process.stop()
    this.#process = await startAuthService(this.environment)
  }

  async stopService(): Promise<string> {
    return this.#process.stop()
  }

  async metrics(): Promise<string> {
    return (await fetch(`http://${this.environment['METRICS_LISTEN'] ?? ''}/metrics`)).text()
  }

  /** Enrols a service with a join token, as nodes and the allocator do. */
  async enrol(role: ServiceRole & ('vpn-node' | 'ip-allocator'), name: string): Promise<ClusterIdentity> {
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-identity-'))
    try {
      const joinToken = new Secret(await this.operator.createJoinToken(role, name))
      const hosts = ['localhost', '127.0.0.1']
      const enrolment = {
        directory: join(directory, 'identity'),
        role,
        name,
        authServiceUrl: this.nodeApiUrl,
        joinToken,
      }
      return await loadOrEnrol({ ...enrolment, hosts, nowMs: Date.now() })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  }

  /** A client of the node-api with the identity of a fresh node. */
  async node(name: string): Promise<NodeClient> {
    return NodeClient.at(this.nodeApiUrl, await this.enrol('vpn-node', name))
  }

  /**
   * A tenant with a network in the host's namespace and the policy of a new one, which requires a second factor. Its
   * administrator is signed in with a password of their own, and in a group of whom none is asked for.
   */
  async tenant(slug: string): Promise<TestTenant> {
    const tenant = await this.operator.createTenant(slug, `Tenant ${slug}`, 'admin', ['host'])
    const administrator = new EnrolmentClient(this.publicUrl)
    const { username, oneTimePassword } = tenant.administrator
    await administrator.signIn({ tenant: slug, username, password: oneTimePassword })
    await administrator.changePassword(oneTimePassword, PASSWORD)
    const { api } = administrator
    // Without a second factor one can do nothing but enrol one; who is in the group needs it no more.
    await enrolTotp({ client: administrator })
    const userId = requiredText(fieldOf(await api.call('GET', '/me'), 'user'), 'userId')
    const passwordOnly = await letInWithoutFactor(api, userId)
    await api.call('DELETE', '/me/totp')
    await api.call('POST', '/networks', { name: 'main', ipv4: '10.8.0.0/24', routes: ['10.20.0.0/16'] })
    return { ...tenant, slug, client: administrator, passwordOnly }
  }

  /** A user of the tenant, signed in with a password of their own; without `totp` the policy asks for no second factor. */
  async user(tenant: TestTenant, username: string, options: { totp: boolean }): Promise<TestUser> {
    const created = await tenant.client.api.call('POST', '/users', { username })
    const userId = requiredText(created, 'userId')
    if (!options.totp) await letInWithoutFactor(tenant.client.api, userId)
    const client = new EnrolmentClient(this.publicUrl)
    const oneTimePassword = requiredText(created, 'oneTimePassword')
    await client.signIn({ tenant: tenant.slug, username, password: oneTimePassword })
    await client.changePassword(oneTimePassword, PASSWORD)
    return { tenant, userId, username, client }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.stop()
    await this.#parts.disposeAsync()
  }
}

export const PASSWORD = 'violet harbour under 41 lamps'

export interface TestTenant extends NewTenant {
  readonly slug: string
  readonly client: EnrolmentClient
  /** Id of the group of whom no second factor is asked for. */
  readonly passwordOnly: string
}

export interface TestUser {
  readonly tenant: TestTenant
  readonly userId: string
  readonly username: string
  readonly client: EnrolmentClient
}

/** A device as the node sees it. */
export interface TestDevice {
  readonly deviceId: string
  readonly profile: string
  readonly certificate: AuthoriseRequest['certificate']
}

export async function enrolDevice(user: TestUser, name: string): Promise<TestDevice> {
  const { deviceId, profile } = await user.client.enrolDevice(name)
  const certificate = new X509Certificate(/<cert>\n([^<]*)<\/cert>/.exec(profile)?.[1] ?? '')
  return {
    deviceId,
    profile,
    certificate: {
      sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      serial: certificate.serialNumber.toLowerCase(),
      commonName: deviceId,
    },
  }
}

/** An authenticator app: `next` gives a code that was not used yet, `wrong` one that is not right. */
export interface TotpCodes {
  readonly next: () => string
  readonly wrong: () => string
}

/** Enrols a second factor; `next` gives codes of three time steps in a row that the service takes without waiting. */
export async function enrolTotp({ client }: Pick<TestUser, 'client'>): Promise<TotpCodes> {
  const { secret } = await client.beginTotp()
  // The first code is one step old: the next step must not begin before it arrives.
  const leftMs = STEP_MS - (Date.now() % STEP_MS)
  if (leftMs < ARRIVES_WITHIN_MS) await delay(leftMs)
  const startMs = Date.now() - STEP_MS
  let used = 0
  const next = (): string => totpCode(secret, startMs + used++ * STEP_MS)
  try {
    await client.confirmTotp(next())
  } catch (error) {
    const isLate = Math.floor(Date.now() / STEP_MS) > Math.floor(startMs / STEP_MS) + 1
    if (!isLate) throw error
    return enrolTotp({ client })
  }
  const now = [-1, 0, 1, 2].map((step) => totpCode(secret, Date.now() + step * STEP_MS))
  return {
    next,
    wrong: () => ['000000', '111111', '222222', '333333', '444444'].find((code) => !now.includes(code)) ?? '',
  }
}

/** What a node asks for a device. */
export function authoriseRequestOf(
  user: TestUser,
  device: TestDevice,
  credential: Credential,
  changes: Partial<AuthoriseRequest> = {},
): AuthoriseRequest {
  return {
    version: 1,
    phase: 'initial',
    controlKey: 'device',
    tenantId: user.tenant.tenantId,
    deviceId: device.deviceId,
    certificate: device.certificate,
    username: user.username,
    credential,
    dialogues: [],
    remote: { transport: 'udp', address: '203.0.113.9', port: 40_000 },
    peerInfo: { IV_VER: '2.6.14' },
    ...changes,
  }
}

/** The node's calls. */
export class NodeClient {
  readonly api: ClusterClient

  private constructor(api: ClusterClient) {
    this.api = api
  }

  static at(baseUrl: string, credentials: ClusterIdentity): NodeClient {
    return new NodeClient(new ClusterClient({ baseUrl, serverRole: 'auth-service', credentials }))
  }

  authorise(request: AuthoriseRequest): Promise<AuthoriseResponse> {
    const path = '/node-api/v1/connections/authorise'
    return this.api.call({ method: 'POST', path, body: request, response: authoriseResponse })
  }

  /** The code of a denial, `allow` or `challenge`. */
  async decision(request: AuthoriseRequest): Promise<string> {
    const answer = await this.authorise(request)
    return answer.decision === 'deny' ? answer.code : answer.decision
  }
}

/** Runs the built service and waits until it is ready. */
export async function startAuthService(environment: Readonly<Record<string, string>>): Promise<ManagedProcess> {
  const child = runAuthService(environment)
  try {
    await child.waitForLine(/"msg":"ready"/, 20_000)
    return child
  } catch (error) {
    await child.stop()
    throw error
  }
}

/** Runs the built service; Node compiles no more than it must, because most of a short life would go to that. */
export function runAuthService(environment: Readonly<Record<string, string>>): ManagedProcess {
  const args = ['--liftoff-only', MAIN]
  const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: COMPILE_CACHE, ...environment }
  return new ManagedProcess({ name: 'auth-service', file: process.execPath, args, env, stopSignal: 'SIGTERM' })
}
