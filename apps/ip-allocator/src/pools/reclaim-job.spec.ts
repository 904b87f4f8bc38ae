import { randomUUID } from 'node:crypto'

import { AddressPools, MemoryLeaseStore } from '@sallyport/ip-pool'
import { createLogger } from '@sallyport/telemetry'
import { ManualClock } from '@sallyport/testkit'
import { expect, it } from 'vitest'

import { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { ReclaimJob } from './reclaim-job.ts'

const log = createLogger('test', 'silent')

it('outlives a store that is away, and goes on at the same page', async () => {
  const cursors: string[] = []
  let isAway = true
  const reclaim = (cursor: string): Promise<{ lapsed: number; cursor: string }> => {
    cursors.push(cursor)
    if (cursor === '7' && isAway) return Promise.reject(new Error('away'))
    return Promise.resolve({ lapsed: 1, cursor: cursor === '0' ? '7' : '0' })
  }
  const metrics = new AllocatorMetrics(() => true)
  const job = new ReclaimJob({ reclaim }, metrics, log)
  await job.run()
  isAway = false
  await job.run()
  expect(cursors).toEqual(['0', '7', '7'])
  expect(metrics.leases.values().lapsed).toBe(2)
})

it('does a bounded number of pages in one run', async () => {
  let pages = 0
  const endless = { reclaim: () => Promise.resolve({ lapsed: 0, cursor: String(++pages) }) }
  await new ReclaimJob(endless, new AllocatorMetrics(() => true), log).run()
  expect(pages).toBe(20)
})

it('counts leases that lapsed, once each, and leaves the others', async () => {
  const clock = new ManualClock()
  const pools = new AddressPools(new MemoryLeaseStore(clock), { ttlSeconds: 120 })
  const network = { tenantId: randomUUID(), networkId: randomUUID() }
  await pools.define(network, { ipv4: '10.8.0.0/24', ipv6: null })
  const metrics = new AllocatorMetrics(() => true)
  const job = new ReclaimJob(pools, metrics, log)
  await pools.lease(network, { deviceId: 'a', connectionId: 'a-1', serviceId: 'node' })
  clock.advance(120_000)
  await pools.lease(network, { deviceId: 'b', connectionId: 'b-1', serviceId: 'node' })
  await job.run()
  await job.run()
  expect(metrics.leases.values().lapsed).toBe(1)
})
