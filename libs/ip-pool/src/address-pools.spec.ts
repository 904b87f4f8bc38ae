import { ManualClock } from '@sallyport/testkit'
import { beforeEach, expect, it } from 'vitest'

import { AddressPools, type LeaseClaim } from './address-pools.ts'
import { holder, newNetwork } from './lease-fixtures.compliance.ts'
import type { NetworkKey } from './lease-store.ts'
import { MemoryLeaseStore } from './memory-lease-store.ts'

let clock: ManualClock
let pools: AddressPools
let network: NetworkKey
beforeEach(async () => {
  clock = new ManualClock()
  pools = new AddressPools(new MemoryLeaseStore(clock), { ttlSeconds: 120 })
  network = newNetwork()
  await pools.define(network, { ipv4: '10.8.0.0/29', ipv6: 'fd00:8::/112' })
})

const claim = (device: string, ipv4: string, ipv6: string | null): LeaseClaim => ({
  ...network,
  ...holder(device),
  ipv4,
  ipv6,
})

it('refuses a definition that no pool can be made of, and keeps the pool', async () => {
  expect(await pools.define(network, { ipv4: '10.8.0.0/31', ipv6: null })).toMatchObject({ reason: 'invalid-pool' })
  expect(await pools.status(network.networkId)).toMatchObject({ ipv4: '10.8.0.0/29' })
})

it('knows no status of an unknown network', async () => {
  expect(await pools.status(newNetwork().networkId)).toBeUndefined()
})

it('tells how full many pools are, in order, and leaves out what is unknown or another tenant’s', async () => {
  const other = newNetwork()
  await pools.define(other, { ipv4: '10.9.0.0/24', ipv6: null })
  await pools.lease(network, holder('a'))
  const stolen = { ...other, tenantId: network.tenantId }
  const found = await pools.statuses([other, newNetwork(), stolen, network])
  expect(found.map(({ networkId, capacity, leased }) => [networkId, capacity, leased])).toEqual([
    [other.networkId, 253, 0],
    [network.networkId, 5, 1],
  ])
})

it('leases both addresses, never the network’s, the node’s own or the broadcast address', async () => {
  const leases = []
  for (const device of ['a', 'b', 'c', 'd', 'e', 'f']) leases.push(await pools.lease(network, holder(device)))
  expect(leases.slice(0, 5)).toEqual(
    [2, 3, 4, 5, 6].map((n) => ({
      type: 'leased',
      ipv4: `10.8.0.${String(n)}`,
      ipv6: `fd00:8::${String(n)}`,
      ttlSeconds: 120,
    })),
  )
  expect(leases[5]).toEqual({ type: 'refused', reason: 'pool-full' })
  expect(await pools.status(network.networkId)).toEqual({
    ...network,
    ipv4: '10.8.0.0/29',
    ipv6: 'fd00:8::/112',
    capacity: 5,
    leased: 5,
  })
})

it('answers renewals in order, each for itself', async () => {
  await pools.lease(network, holder('a'))
  const elsewhere = { ...claim('a', '10.8.0.2', 'fd00:8::2'), networkId: newNetwork().networkId }
  const results = await pools.renew([
    claim('b', '10.8.0.2', 'fd00:8::2'),
    claim('a', '10.8.0.2', 'fd00:8::2'),
    elsewhere,
    claim('a', '10.8.0.2', 'fd00:8::3'),
    claim('a', '10.8.0.2', null),
  ])
  expect(results.map((result) => (result.type === 'renewed' ? 'renewed' : result.reason))).toEqual([
    'foreign-lease',
    'renewed',
    'unknown-network',
    'foreign-lease',
    'foreign-lease',
  ])
})

it('does not renew a lease whose IPv6 block is gone', async () => {
  await pools.lease(network, holder('a'))
  await pools.define(network, { ipv4: '10.8.0.0/29', ipv6: 'fd00:9::/112' })
  expect(await pools.renew([claim('a', '10.8.0.2', 'fd00:8::2')])).toMatchObject([{ reason: 'foreign-lease' }])
  expect(await pools.lease(network, holder('a', 'a-2'))).toMatchObject({ ipv4: '10.8.0.2', ipv6: 'fd00:9::2' })
})

it('keeps both addresses of a lease when the IPv4 block grows downwards', async () => {
  await pools.define(network, { ipv4: '10.8.0.8/29', ipv6: 'fd00:8::/112' })
  expect(await pools.lease(network, holder('a'))).toMatchObject({ ipv4: '10.8.0.10', ipv6: 'fd00:8::a' })
  await pools.define(network, { ipv4: '10.8.0.0/28', ipv6: 'fd00:8::/112' })
  expect(await pools.renew([claim('a', '10.8.0.10', 'fd00:8::a')])).toEqual([{ type: 'renewed' }])
})

it('reclaims over all networks', async () => {
  const other = newNetwork()
  await pools.define(other, { ipv4: '10.8.0.0/29', ipv6: null })
  await pools.lease(network, holder('a'))
  await pools.lease(other, holder('a'))
  expect(await pools.reclaim('0', 10)).toEqual({ lapsed: 0, cursor: '0' })
  clock.advance(120_000)
  expect(await pools.reclaim('0', 10)).toEqual({ lapsed: 2, cursor: '0' })
})
