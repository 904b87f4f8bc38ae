import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  runAuthService,
  type TestDevice,
  type TestTenant,
  type TestUser,
} from './auth-service-harness.ts'
import { freePort } from './free-port.ts'
import { sessionOf } from './raw-api.ts'

const FAST_MS = 3500
const RECOVERED_WITHIN_MS = 10_000

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant
let user: TestUser
let device: TestDevice

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
  user = await harness.user(tenant, 'alice', { totp: false })
  device = await enrolDevice(user, 'Laptop')
})

afterAll(() => harness[Symbol.asyncDispose]())

const decide = (): Promise<string> =>
  node.decision(authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD }))

async function expectTemporaryFailure(): Promise<void> {
  const startMs = performance.now()
  await expect(decide()).rejects.toThrow(/temporarily-unavailable/)
  expect(performance.now() - startMs).toBeLessThan(FAST_MS)
}

async function recovered(): Promise<void> {
  const deadline = performance.now() + RECOVERED_WITHIN_MS
  for (;;) {
    const outcome = await decide().catch(() => 'away')
    if (outcome === 'allow') return
    if (performance.now() > deadline) throw new Error(`still ${outcome}: ${harness.tail()}`)
    await delay(100)
  }
}

/** Statuses on the public listener and on the private one of METRICS_LISTEN. */
const health = (path: 'live' | 'ready'): Promise<number[]> =>
  Promise.all(
    [harness.publicUrl, `http://${harness.environment['METRICS_LISTEN'] ?? ''}`].map(
      async (url) => (await fetch(`${url}/health/${path}`)).status,
    ),
  )

it.each(['stop', 'kill'] as const)(
  'refuses for a moment when Redis goes away by %s, and recovers by itself',
  async (how) => {
    expect(await decide()).toBe('allow')
    const session = await sessionOf(harness.publicUrl, { tenant: 'acme', username: 'alice', password: PASSWORD })
    await harness.redis[how]()
    await expectTemporaryFailure()
    // The page is there to say so.
    const page = await fetch(harness.publicUrl, { headers: { accept: 'text/html', ...session } })
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect([await health('ready'), await health('live')]).toEqual([
      [503, 503],
      [200, 200],
    ])
    await harness.redis.start()
    await recovered()
    expect(await health('ready')).toEqual([200, 200])
  },
)

it.each(['stop', 'kill'] as const)(
  'refuses for a moment when PostgreSQL goes away by %s, and recovers by itself',
  async (how) => {
    expect(await decide()).toBe('allow')
    await harness.postgres[how]()
    await expectTemporaryFailure()
    expect([await health('ready'), await health('live')]).toEqual([
      [503, 503],
      [200, 200],
    ])
    await harness.postgres.start()
    await recovered()
  },
)

it('waits for a database that accepts connections and says nothing, and still stops when it is told to', async () => {
  const silent = createServer()
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  const address = silent.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const DATABASE_URL = `postgresql://x:y@127.0.0.1:${String(port)}/x`
  await using child = runAuthService({ ...(await otherPorts()), DATABASE_URL })
  await child.waitForLine(/waiting for the database/, 10_000)
  silent.close()
  expect(await child.stop()).toBe('exit code 0')
})

async function otherPorts(): Promise<Record<string, string>> {
  const environment = { ...harness.environment, METRICS_LISTEN: '' }
  return {
    ...environment,
    AUTH_LISTEN: `127.0.0.1:${String(await freePort())}`,
    AUTH_NODE_API_LISTEN: `127.0.0.1:${String(await freePort())}`,
  }
}

it('stops on a wrong master key with a clear message, and harms nothing', async () => {
  const MASTER_KEY = Buffer.alloc(32, 8).toString('base64')
  await using child = runAuthService({ ...(await otherPorts()), MASTER_KEY })
  expect(await child.exited).toBe('exit code 1')
  expect(child.tail()).toContain('MASTER_KEY does not open the secrets of this database')
  await harness.restart()
  await recovered()
})

it('names a port that is in use', async () => {
  const { AUTH_LISTEN = '' } = harness.environment
  await using child = runAuthService({ ...(await otherPorts()), AUTH_LISTEN })
  expect(await child.exited).toBe('exit code 1')
  expect(child.tail()).toContain(`AUTH_LISTEN: ${AUTH_LISTEN} is in use by another process`)
  const { METRICS_LISTEN = '' } = harness.environment
  await using other = runAuthService({ ...(await otherPorts()), METRICS_LISTEN })
  expect(await other.exited).toBe('exit code 1')
  expect(other.tail()).toContain(`METRICS_LISTEN: ${METRICS_LISTEN} is in use by another process`)
})

it('names every setting that is missing or wrong', async () => {
  await using child = runAuthService({
    AUTH_LISTEN: '0.0.0.0:80',
    AUTH_PUBLIC_URL: 'http://vpn.example.com',
    MASTER_KEY: 'x',
  })
  expect(await child.exited).toBe('exit code 78')
  expect(child.tail()).toMatch(/DATABASE_URL is not set[^]*OPERATOR_TOKEN is not set/)
})

it('does not listen for passwords in the clear on an address that others reach', async () => {
  await using child = runAuthService({ ...(await otherPorts()), AUTH_LISTEN: '0.0.0.0:0' })
  expect(await child.exited).toBe('exit code 78')
  expect(child.tail()).toContain('passwords would travel in the clear')
})

it('stops cleanly with open streams', async () => {
  const stream = node.api.stream({
    path: '/node-api/v1/orders',
    schema: { safeParse: (data) => ({ success: true, data }) },
  })
  await stream.next()
  expect(await harness.stopService()).toBe('exit code 0')
  await stream.return().catch(() => undefined)
})
