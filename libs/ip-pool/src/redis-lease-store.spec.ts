import { ManualClock, type ThrowawayRedis, throwawayRedis } from '@sallyport/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { holder, newNetwork, pool } from './lease-fixtures.compliance.ts'
import { leaseStoreCompliance } from './lease-store.compliance.ts'
import { RedisLeaseStore } from './redis-lease-store.ts'

let server: ThrowawayRedis
let redis: Redis
beforeAll(async () => {
  server = await throwawayRedis()
  redis = new Redis(server.url)
})
afterAll(async () => {
  redis.disconnect()
  await server[Symbol.asyncDispose]()
})

describe('a Redis lease store', () => {
  leaseStoreCompliance(async (clock) => {
    await redis.flushall()
    return new RedisLeaseStore(redis, { clock })
  })
})

it('refuses to touch a pool that a newer release wrote', async () => {
  const store = new RedisLeaseStore(redis)
  const network = newNetwork()
  await store.definePool(network, pool(10, 12))
  await redis.hset(`sallyport:{${network.tenantId}:${network.networkId}}:pool`, 'version', '2')
  for (const call of [
    () => store.definePool(network, pool(10, 12)),
    () => store.readPool(network),
    () => store.lease(network, holder('a'), 1000),
    () => store.renew(network, holder('a'), 10, 1000),
    () => store.release(network, holder('a')),
    () => store.reclaim(network, 10),
  ]) {
    await expect(call()).rejects.toMatchObject({ code: 'store-unreadable' })
  }
})

it('goes by the server’s clock when it has no other', async () => {
  const store = new RedisLeaseStore(redis)
  const network = newNetwork()
  await store.definePool(network, pool(10, 12))
  await store.lease(network, holder('a'), 60_000)
  const [seconds] = await redis.time()
  const lapsesMs = await redis.zscore(`sallyport:{${network.tenantId}:${network.networkId}}:leases`, '10')
  expect(Math.abs(Number(lapsesMs) - Number(seconds) * 1000 - 60_000)).toBeLessThan(5000)
  expect((await store.readPool(network))?.leased).toBe(1)
  expect(await store.renew(network, holder('a'), 10, 60_000)).toEqual({ type: 'renewed' })
  expect(await store.reclaim(network, 10)).toBe(0)
  expect(await store.release(network, holder('a'))).toEqual({ type: 'released' })
  expect((await store.readPool(network))?.leased).toBe(0)
})

it('costs no more on a large pool than its handful of commands', async () => {
  const store = new RedisLeaseStore(redis, { clock: new ManualClock() })
  const network = newNetwork()
  await store.definePool(network, pool(0x0a000002, 0x0afffffe))
  const keys = await redis.keys(`sallyport:{${network.tenantId}:${network.networkId}}:*`)
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)))
  expect(sizes.reduce((sum: number, size) => sum + (size ?? 0), 0)).toBeLessThan(2000)
  expect(await store.lease(network, holder('a'), 1000)).toMatchObject({ address: 0x0a000002 })
})

it('reports an absent server by a code, and works again when it is back', async () => {
  await using own = await throwawayRedis()
  const client = new Redis(own.url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, retryStrategy: () => 20 })
  client.on('error', () => undefined)
  try {
    await new Promise((resolve) => client.once('ready', resolve))
    const store = new RedisLeaseStore(client)
    const network = newNetwork()
    await store.definePool(network, pool(10, 12))
    await own.kill()
    await expect(store.lease(network, holder('a'), 1000)).rejects.toMatchObject({ code: 'store-unavailable' })
    const isBack = new Promise((resolve) => client.once('ready', resolve))
    await own.start()
    await isBack
    expect(await store.lease(network, holder('a'), 1000)).toEqual({ type: 'refused', reason: 'unknown-network' })
  } finally {
    client.disconnect()
  }
})
