import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { apiError, lease, poolStatus, releaseResponse, renewResponse, type ServiceRole } from '@sallyport/contracts'
import type { ManagedProcess } from '@sallyport/local-services'
import { ThrowawayCa, type ThrowawayRedis, throwawayRedis, type ThrowawaySubject } from '@sallyport/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'

import { spawnAllocator, startAllocator } from './allocator-process.ts'
import { freePort } from './free-port.ts'
import { type Answer, MutualTlsClient } from './mutual-tls-client.ts'
import { ThrowawayNodeApi } from './throwaway-node-api.ts'

let redis: ThrowawayRedis
let nodeApi: ThrowawayNodeApi
let directory: string
let allocator: ManagedProcess
let environment: Record<string, string>
let [apiPort, statusPort] = [0, 0]
let auth: MutualTlsClient
let node: MutualTlsClient
let otherNode: MutualTlsClient

beforeAll(async () => {
  redis = await throwawayRedis()
  nodeApi = await ThrowawayNodeApi.start()
  directory = await mkdtemp(join(tmpdir(), 'sallyport-allocator-'))
  apiPort = await freePort()
  statusPort = await freePort()
  environment = {
    ALLOCATOR_LISTEN: `127.0.0.1:${String(apiPort)}`,
    METRICS_LISTEN: `127.0.0.1:${String(statusPort)}`,
    REDIS_URL: redis.url,
    AUTH_NODE_API_URL: nodeApi.url,
    IDENTITY_DIRECTORY: join(directory, 'identity'),
    SERVICE_NAME: 'ip-allocator-1',
  }
  allocator = await startAllocator({ ...environment, JOIN_TOKEN: nodeApi.joinToken })
  auth = await member('auth-service')
  node = await member('vpn-node')
  otherNode = await member('vpn-node')
})
afterAll(async () => {
  await allocator.stop()
  await nodeApi[Symbol.asyncDispose]()
  await redis[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

let network: { tenantId: string; networkId: string }
beforeEach(() => {
  network = { tenantId: randomUUID(), networkId: randomUUID() }
})

describe('whoever is not of the cluster', () => {
  it.each([
    ['shows no certificate', () => Promise.resolve(undefined)],
    ['shows a certificate of another CA', async () => (await ThrowawayCa.create()).issue(subject('vpn-node'))],
    ['shows an expired certificate', () => nodeApi.ca.issue({ ...subject('vpn-node'), notAfterMs: Date.now() - 1000 })],
  ])('gets no connection when it %s', async (_, identity) => {
    const client = new MutualTlsClient(apiPort, nodeApi.ca.certificatePem, await identity())
    await expect(client.get(poolPath())).rejects.toThrow(/alert|ECONNRESET|socket hang up|EPIPE/)
    expect(await metric('allocator_refusals_total{reason="untrusted-connection"}')).toBeGreaterThan(0)
  })

  it.each([
    ['a name that is no service id', { commonName: 'somebody', organizationalUnit: 'vpn-node' }],
    ['no role', { commonName: randomUUID() }],
    ['an unknown role', { commonName: randomUUID(), organizationalUnit: 'portal' }],
  ])('is refused with 401 when its certificate has %s', async (_, holder: ThrowawaySubject) => {
    const client = new MutualTlsClient(apiPort, nodeApi.ca.certificatePem, await nodeApi.ca.issue(holder))
    expectRefusal(await client.get(poolPath()), 401, 'untrusted-connection')
  })
})

describe('a service of the wrong role', () => {
  it('cannot define pools as a vpn-node', async () => {
    expectRefusal(await node.put(poolPath(), definition()), 403, 'wrong-role')
    expectRefusal(await auth.get(poolPath()), 404, 'unknown-network')
  })

  it('cannot make, renew or release leases as the auth-service', async () => {
    await definePool()
    expectRefusal(await auth.post(`${poolPath()}/leases`, device()), 403, 'wrong-role')
    expectRefusal(await auth.post('/allocator/v1/leases/renew', { leases: [] }), 403, 'wrong-role')
    expectRefusal(await auth.post('/allocator/v1/leases/release', { leases: [] }), 403, 'wrong-role')
    expectRefusal(await node.post('/allocator/v1/pools/use', { pools: [network] }), 403, 'wrong-role')
  })

  it('cannot even look as another ip-allocator', async () => {
    expectRefusal(await (await member('ip-allocator')).get(poolPath()), 403, 'wrong-role')
  })
})

describe('a bad request', () => {
  it.each([
    ['no JSON', '{'],
    ['nothing', undefined],
    ['an unknown field', JSON.stringify({ ...device(), hurry: true })],
    ['a bad id', JSON.stringify({ ...device(), deviceId: 'x y' })],
  ])('with %s is answered with 400', async (_, body) => {
    expectRefusal(await node.send('POST', `${poolPath()}/leases`, body), 400, 'bad-request')
  })

  it('names the bad fields', async () => {
    const answer = await auth.put(poolPath(), { ...definition(), ipv4: '10.8.0.0/31' })
    expectRefusal(answer, 400, 'bad-request')
    expect(apiError.parse(answer.body).issues).toMatchObject([{ path: 'ipv4' }])
  })

  it('for a network that is no id, or for another path, is refused', async () => {
    expectRefusal(await node.get('/allocator/v1/pools/x'), 400, 'bad-request')
    expectRefusal(await node.get('/allocator/v2/pools'), 404, 'not-found')
  })

  it('with a megabyte too much is refused', async () => {
    const body = JSON.stringify({ leases: 'x'.repeat(2_000_000) })
    expectRefusal(await node.send('POST', '/allocator/v1/leases/renew', body), 400, 'bad-request')
  })
})

describe('a pool', () => {
  it('is unknown until it is defined', async () => {
    expectRefusal(await node.get(poolPath()), 404, 'unknown-network')
    expectRefusal(await node.post(`${poolPath()}/leases`, device()), 404, 'unknown-network')
    expect(await release(node, device())).toEqual(['unknown-network'])
    expect(await renew(node, held(device(), '10.8.0.2', null))).toEqual(['unknown-network'])
  })

  it('is one tenant’s', async () => {
    await definePool()
    expectRefusal(await auth.put(poolPath(), { ...definition(), tenantId: randomUUID() }), 409, 'pool-conflict')
    const strange = { ...device(), tenantId: randomUUID() }
    expectRefusal(await node.post(`${poolPath()}/leases`, strange), 404, 'unknown-network')
  })

  it('shows its size and use to both roles', async () => {
    await definePool()
    await leaseOf(node, device())
    for (const service of [auth, node]) {
      const status = poolStatus.parse((await service.get(poolPath())).body)
      expect(status).toEqual({ ...network, ...definition(), capacity: '5', leased: 1 })
    }
  })
})

describe('a lease', () => {
  beforeEach(() => definePool())

  it('is refused when the pool is full', async () => {
    for (let count = 0; count < 5; count++) await leaseOf(node, device())
    expectRefusal(await node.post(`${poolPath()}/leases`, device()), 409, 'pool-full')
    expect(await metric('allocator_refusals_total{reason="pool-full"}')).toBeGreaterThan(0)
  })

  it('is neither another node’s nor another connection’s to renew or release', async () => {
    const mine = device()
    const { ipv4, ipv6 } = await leaseOf(node, mine)
    const thief = { ...mine, connectionId: randomUUID() }
    expect(await renew(otherNode, held(mine, ipv4, ipv6))).toEqual(['foreign-lease'])
    expect(await renew(node, held(thief, ipv4, ipv6))).toEqual(['foreign-lease'])
    expect(await release(otherNode, mine)).toEqual(['foreign-lease'])
    expect(await release(node, thief)).toEqual(['foreign-lease'])
    expect(await renew(node, held(mine, ipv4, ipv6))).toEqual(['renewed'])
  })

  it('has both addresses, and the same again after release', async () => {
    const mine = device()
    const first = await leaseOf(node, mine)
    expect(first).toMatchObject({ ipv4: '10.8.0.2', ipv6: 'fd00:8::2', ttlSeconds: 120 })
    const strange = { ...mine, deviceId: randomUUID() }
    expect(await release(node, mine, strange)).toEqual(['released', 'released'])
    expect(await release(node, mine)).toEqual(['released'])
    await leaseOf(node, device())
    const again = { ...mine, connectionId: randomUUID() }
    expect(await leaseOf(node, again)).toEqual({ ...first, connectionId: again.connectionId })
  })

  it('is counted, with those of a thousand other pools, in one call', async () => {
    await leaseOf(node, device())
    const unknown = Array.from({ length: 1023 }, () => ({ tenantId: randomUUID(), networkId: randomUUID() }))
    const answer = await auth.post('/allocator/v1/pools/use', { pools: [...unknown, network] })
    const { networkId } = network
    expect(answer).toMatchObject({ status: 200, body: { pools: [{ networkId, capacity: 5, leased: 1 }] } })
    const many = { pools: [...unknown, network, network] }
    expectRefusal(await auth.post('/allocator/v1/pools/use', many), 400, 'bad-request')
  })

  it('goes over to the same device’s new connection on another node, for good', async () => {
    const old = device()
    const { ipv4, ipv6 } = await leaseOf(node, old)
    const fresh = { ...old, connectionId: randomUUID() }
    expect(await leaseOf(otherNode, fresh)).toMatchObject({ ipv4, ipv6 })
    expect(await renew(node, held(old, ipv4, ipv6))).toEqual(['foreign-lease'])
    expect(await release(node, old)).toEqual(['foreign-lease'])
    expect(await renew(otherNode, held(fresh, ipv4, ipv6))).toEqual(['renewed'])
  })

  it('is renewed with up to a thousand others in one call, each with an answer of its own', async () => {
    await definePool({ ipv4: '10.8.0.0/16', ipv6: null })
    const leases = Array.from({ length: 1024 }, (_, index) =>
      held(device(), `10.8.${String(1 + (index >> 8))}.${String(index & 255)}`, index === 7 ? 'fd00::1' : null),
    )
    const results = await renew(node, ...leases)
    expect(results.filter((result) => result === 'renewed')).toHaveLength(1023)
    expect(results[7]).toBe('foreign-lease')
  })
})

describe('while Redis is away', () => {
  const unavailable = async (): Promise<number> => {
    const startMs = performance.now()
    expectRefusal(await node.post(`${poolPath()}/leases`, device()), 503, 'store-unavailable')
    return performance.now() - startMs
  }
  const recovered = (): Promise<void> => vi.waitFor(() => definePool(), { timeout: 10_000 })

  it('every call is refused at once, the service lives but is not ready, and all recovers, leases too', async () => {
    await definePool()
    const mine = device()
    const { ipv4, ipv6 } = await leaseOf(node, mine)
    await redis.kill()
    expect(await unavailable()).toBeLessThan(1000)
    expectRefusal(await auth.put(poolPath(), definition()), 503, 'store-unavailable')
    expectRefusal(await node.get(poolPath()), 503, 'store-unavailable')
    const leases = [held(mine, ipv4, ipv6)]
    expectRefusal(await node.post('/allocator/v1/leases/renew', { leases }), 503, 'store-unavailable')
    expect([await status('/health/live'), await status('/health/ready')]).toEqual([200, 503])
    await redis.start()
    await recovered()
    expect(await status('/health/ready')).toBe(200)
    expect(await renew(node, ...leases)).toEqual(['renewed'])
    expect(await leaseOf(node, device())).toMatchObject({ ipv4: '10.8.0.3' })
  })

  it('no call waits for a Redis that hangs', async () => {
    await definePool()
    const operator = new Redis(redis.url)
    try {
      await operator.call('CLIENT', 'PAUSE', '3000', 'ALL')
      expect(await unavailable()).toBeLessThan(2500)
    } finally {
      operator.disconnect()
    }
    await recovered()
  })
})

describe('the process', () => {
  it.each([
    ['78 and every problem when its settings are bad', { LEASE_SECONDS: '0' }, /LEASE_SECONDS/, 'exit code 78'],
    ['1 when its port is in use', {}, /ALLOCATOR_LISTEN: .* is in use/, 'exit code 1'],
    ['1 when it has neither identity nor token', { IDENTITY_DIRECTORY: '/nonexistent' }, /JOIN_TOKEN/, 'exit code 1'],
  ])('ends with exit code %s', async (_, change, message, outcome) => {
    await using second = spawnAllocator({ ...environment, METRICS_LISTEN: '', ...change })
    expect(await second.exited).toBe(outcome)
    expect(second.tail()).toMatch(message)
  })

  it('renews its identity when it is time and shows the new one without a restart', async () => {
    await allocator.waitForLine(/"msg":"identity renewed"/, 10_000)
    const { serverFingerprint } = await node.get(poolPath())
    await allocator.stop()
    allocator = await startAllocator(environment)
    expect((await node.get(poolPath())).serverFingerprint).toBe(serverFingerprint)
  })

  it('ends with exit code 0 on SIGTERM, having answered what was asked, and comes back without a token', async () => {
    await definePool()
    const mine = device()
    const { ipv4, ipv6 } = await leaseOf(node, mine)
    expect(await allocator.stop()).toBe('exit code 0')
    await expect(node.get(poolPath())).rejects.toThrow(/ECONNREFUSED/)
    allocator = await startAllocator(environment)
    expect(await renew(node, held(mine, ipv4, ipv6))).toEqual(['renewed'])
  })

  it('prints neither token nor key', () => {
    expect(allocator.tail()).not.toMatch(/sp1\.|PRIVATE KEY/)
  })
})

function subject(role: ServiceRole): ThrowawaySubject {
  return { commonName: randomUUID(), organizationalUnit: role }
}

async function member(role: ServiceRole): Promise<MutualTlsClient> {
  return new MutualTlsClient(apiPort, nodeApi.ca.certificatePem, await nodeApi.ca.issue(subject(role)))
}

const poolPath = (): string => `/allocator/v1/pools/${network.networkId}`

interface Blocks {
  readonly ipv4: string
  readonly ipv6: string | null
}

function definition(blocks: Blocks = { ipv4: '10.8.0.0/29', ipv6: 'fd00:8::/112' }): Blocks & { tenantId: string } {
  return { tenantId: network.tenantId, ...blocks }
}

async function definePool(blocks?: Blocks): Promise<void> {
  expect((await auth.put(poolPath(), definition(blocks))).status).toBe(204)
}

interface Connection {
  readonly tenantId: string
  readonly deviceId: string
  readonly connectionId: string
}

/** A new device's first connection. Tables of cases are made before there is a network. */
function device(): Connection {
  const tenantId = (network as typeof network | undefined)?.tenantId ?? randomUUID()
  return { tenantId, deviceId: randomUUID(), connectionId: randomUUID() }
}

const held = (connection: Connection, ipv4: string, ipv6: string | null) => ({
  networkId: network.networkId,
  ...connection,
  ipv4,
  ipv6,
})

async function leaseOf(service: MutualTlsClient, connection: Connection) {
  const answer = await service.post(`${poolPath()}/leases`, connection)
  expect(answer.status).toBe(200)
  return lease.parse(answer.body)
}

async function renew(service: MutualTlsClient, ...leases: ReturnType<typeof held>[]): Promise<string[]> {
  const { results } = renewResponse.parse((await service.post('/allocator/v1/leases/renew', { leases })).body)
  expect(results.map(({ connectionId }) => connectionId)).toEqual(leases.map(({ connectionId }) => connectionId))
  return results.map(({ result }) => result)
}

async function release(service: MutualTlsClient, ...devices: ReturnType<typeof device>[]): Promise<string[]> {
  const leases = devices.map((one) => ({ ...one, networkId: network.networkId }))
  const { results } = releaseResponse.parse((await service.post('/allocator/v1/leases/release', { leases })).body)
  expect(results.map(({ connectionId }) => connectionId)).toEqual(leases.map(({ connectionId }) => connectionId))
  return results.map(({ result }) => result)
}

function expectRefusal(answer: Answer, status: number, code: string): void {
  expect([answer.status, apiError.parse(answer.body).code]).toEqual([status, code])
}

async function status(path: string): Promise<number> {
  return (await fetch(`http://127.0.0.1:${String(statusPort)}${path}`)).status
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${String(statusPort)}/metrics`)).text()
  const line = text.split('\n').find((candidate) => candidate.startsWith(`sallyport_${name} `))
  return Number(line?.split(' ').at(-1))
}
