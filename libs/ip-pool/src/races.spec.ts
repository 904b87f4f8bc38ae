import { type ThrowawayRedis, throwawayRedis } from '@sallyport/testkit'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { holder, newNetwork, pool } from './lease-fixtures.compliance.ts'
import type { LeaseStore, NetworkKey } from './lease-store.ts'
import { RedisLeaseStore } from './redis-lease-store.ts'

const TTL_MS = 60_000
const DEVICES = 200

let server: ThrowawayRedis
let connections: Redis[]
let stores: LeaseStore[]
let network: NetworkKey
beforeAll(async () => {
  server = await throwawayRedis()
  connections = Array.from({ length: 5 }, () => new Redis(server.url))
  stores = connections.map((connection) => new RedisLeaseStore(connection))
})
afterAll(async () => {
  for (const connection of connections) connection.disconnect()
  await server[Symbol.asyncDispose]()
})
beforeEach(() => {
  network = newNetwork()
})

/** Asks `count` times at once, spread over the connections. */
function atOnce<T>(count: number, ask: (store: LeaseStore, index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(
    Array.from({ length: count }, (_, index) => {
      const store = stores[index % stores.length]
      if (store === undefined) throw new Error('there are stores')
      return ask(store, index)
    }),
  )
}

const leaseAddress = async (store: LeaseStore, device: string, connection: string): Promise<number | string> => {
  const result = await store.lease(network, holder(device, connection), TTL_MS)
  return result.type === 'leased' ? result.address : result.reason
}

it('gives 200 devices that come at once 200 addresses, and no more than there are', async () => {
  await atOnce(5, (store) => store.definePool(network, pool(1, DEVICES)))
  const addresses = await atOnce(DEVICES + 20, (store, index) => leaseAddress(store, `d${String(index)}`, 'c'))
  expect(new Set(addresses).size).toBe(DEVICES + 1)
  expect(addresses.filter((address) => address === 'pool-full')).toHaveLength(20)
})

it('gives one device that comes 200 times at once one address, whose holder is one connection', async () => {
  await atOnce(1, (store) => store.definePool(network, pool(1, DEVICES)))
  const addresses = await atOnce(DEVICES, (store, index) => leaseAddress(store, 'd', `c${String(index)}`))
  expect(new Set(addresses)).toEqual(new Set([1]))
  const renewals = await atOnce(DEVICES, (store, index) =>
    store.renew(network, holder('d', `c${String(index)}`), 1, TTL_MS),
  )
  expect(renewals.filter(({ type }) => type === 'renewed')).toHaveLength(1)
})

it('restores a lost lease for one of those that claim its address at once', async () => {
  await atOnce(1, (store) => store.definePool(network, pool(1, DEVICES)))
  const results = await atOnce(DEVICES, (store, index) =>
    index % 2 === 0
      ? store.renew(network, holder(`d${String(index)}`), 1, TTL_MS)
      : store.renew(network, holder('x'), 2, TTL_MS),
  )
  expect(results.filter(({ type }, index) => index % 2 === 0 && type === 'renewed')).toHaveLength(1)
  expect(results.filter(({ type }, index) => index % 2 === 1 && type === 'renewed')).toHaveLength(DEVICES / 2)
})

it('keeps every lease while the pool grows and shrinks around it', async () => {
  await atOnce(1, (store) => store.definePool(network, pool(1, 100)))
  const [addresses] = await Promise.all([
    atOnce(100, (store, index) => leaseAddress(store, `d${String(index)}`, 'c')),
    atOnce(20, (store, index) => store.definePool(network, pool(1, index % 2 === 0 ? 150 : 100))),
  ])
  const inside = addresses.filter((address) => typeof address === 'number' && address <= 100)
  expect(new Set(inside).size).toBe(inside.length)
  expect(await atOnce(1, (store) => store.readPool(network))).toMatchObject([{ leased: 100 }])
})
