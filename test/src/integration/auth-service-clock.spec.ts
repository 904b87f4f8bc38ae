import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { Credential } from '@sallyport/contracts'
import { totpCode } from '@sallyport/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'

const TEN_MINUTES_MS = 600_000
const CLOCK = fileURLToPath(new URL('./stepped-clock.ts', import.meta.url))

let directory: string
let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant
let redis: Redis
let sources = 0

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-clock-'))
  await writeFile(join(directory, 'offset'), '0')
  harness = await AuthServiceHarness.start({
    NODE_OPTIONS: `--import=${CLOCK}`,
    STEPPED_CLOCK: join(directory, 'offset'),
  })
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
  redis = new Redis(harness.redis.url)
})

beforeEach(() => setClock(0))

afterAll(async () => {
  redis.disconnect()
  await harness[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

/** Sets the service's clock so far before or after the machine's. */
async function setClock(offsetMs: number): Promise<void> {
  await writeFile(join(directory, 'offset'), String(offsetMs))
  await delay(100)
}

/** A user with a device; with a second factor, `code` is what their app shows so far from now. */
async function person(username: string, options: { totp: boolean }) {
  const user = await harness.user(tenant, username, options)
  const { secret } = options.totp ? await user.client.beginTotp() : { secret: '' }
  // The step before: the present one is left for the test.
  if (options.totp) await user.client.confirmTotp(totpCode(secret, Date.now() - 30_000))
  const device = await enrolDevice(user, 'Laptop')
  sources += 1
  const remote = { transport: 'udp' as const, address: `203.0.113.${String(sources)}`, port: 1 }
  const authorise = (credential: Credential) => node.authorise(authoriseRequestOf(user, device, credential, { remote }))
  const decide = async (credential: Credential): Promise<string> => {
    const answer = await authorise(credential)
    return answer.decision === 'deny' ? answer.code : answer.decision
  }
  const signIn = async (): Promise<Credential> => {
    const answer = await authorise(password())
    if (answer.decision !== 'allow') throw new Error(JSON.stringify(answer))
    return { kind: 'session-token', token: answer.grant.sessionToken }
  }
  return { user, decide, signIn, code: (laterMs: number) => totpCode(secret, Date.now() + laterMs) }
}

const password = (response?: string): Credential => ({
  kind: 'password',
  password: PASSWORD,
  ...(response === undefined ? {} : { response }),
})

it.each([TEN_MINUTES_MS, -TEN_MINUTES_MS])(
  'lets passwords in, and goes on with sessions, %d ms later',
  async (stepMs) => {
    const { user, decide, signIn } = await person(`alice${String(Math.sign(stepMs))}`, { totp: false })
    const token = await signIn()
    await setClock(stepMs)
    expect(await decide(token)).toBe('allow')
    expect(await decide(password())).toBe('allow')
    expect(await user.client.api.call('GET', '/me')).toMatchObject({ user: { username: user.username } })
  },
)

it('takes no code of another time, and none twice however the clock goes', async () => {
  const { decide, code } = await person('bob', { totp: true })
  await setClock(TEN_MINUTES_MS)
  expect(await decide(password(code(0)))).toBe('wrong-otp')
  const later = code(TEN_MINUTES_MS)
  expect(await decide(password(later))).toBe('allow')
  await setClock(0)
  expect(await decide(password(later))).not.toBe('allow')
  expect(await decide(password(code(30_000)))).toBe('otp-reused')
  await setClock(TEN_MINUTES_MS)
  expect(await decide(password(later))).not.toBe('allow')
  expect(await decide(password(code(TEN_MINUTES_MS + 30_000)))).toBe('allow')
})

it('shortens no wait for too many attempts, and lengthens none', async () => {
  const { user, decide } = await person('carol', { totp: false })
  const waits = `sallyport:auth:1:{${tenant.tenantId}}:attempts:vpn:account:${user.userId}`
  await redis.hset(waits, { count: '9', until: String(Math.floor(Date.now() / 1000) + 10) })
  for (const stepMs of [TEN_MINUTES_MS, -TEN_MINUTES_MS]) {
    await setClock(stepMs)
    expect(await decide(password())).toBe('too-many-attempts')
  }
  await expect.poll(() => decide(password()), { timeout: 15_000, interval: 500 }).toBe('allow')
})

it('makes no ended login good again when the clock goes on', async () => {
  const { user, decide, signIn } = await person('dave', { totp: false })
  const token = await signIn()
  await tenant.client.api.call('POST', `/users/${user.userId}/end-sessions`)
  for (const stepMs of [0, TEN_MINUTES_MS, -TEN_MINUTES_MS]) {
    await setClock(stepMs)
    expect(await decide(token)).toBe('token-invalid')
  }
})
