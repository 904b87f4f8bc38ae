import type { Lease, RenewRequest, RenewResponse } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { LeaseKeeper } from './lease-keeper.ts'

const lease = (connectionId: string): Lease => ({
  networkId: 'n',
  deviceId: 'd',
  connectionId,
  ipv4: '10.8.0.2',
  ipv6: null,
  ttlSeconds: 30,
})

let renewed: RenewRequest['leases'][]
let released: string[]
let lost: string[]
let answer: (leases: RenewRequest['leases']) => RenewResponse
let keeper: LeaseKeeper

beforeEach(() => {
  vi.useFakeTimers()
  renewed = []
  released = []
  lost = []
  answer = (leases) => ({ results: leases.map(({ connectionId }) => ({ connectionId, result: 'renewed' })) })
  keeper = new LeaseKeeper(
    {
      lease: (_networkId, { connectionId }) => Promise.resolve(lease(connectionId)),
      renew: async (leases) => {
        renewed.push([...leases])
        await Promise.resolve()
        return answer([...leases])
      },
      release: (_networkId, { connectionId }) => {
        released.push(connectionId)
        return Promise.resolve()
      },
    },
    (connectionId) => lost.push(connectionId),
    createLogger('test', 'silent'),
  )
})

afterEach(() => {
  keeper[Symbol.dispose]()
  vi.useRealTimers()
})

it('renews a lease three times in its life, until it is released', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(renewed.length).toBe(3)
  await keeper.release('c1')
  expect(released).toEqual(['c1'])
  await vi.advanceTimersByTimeAsync(30_000)
  expect(renewed.length).toBe(3)
})

it('keeps asking while the allocator is away, and keeps the addresses', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  answer = () => {
    throw new Error('away')
  }
  await vi.advanceTimersByTimeAsync(60_000)
  expect(lost).toEqual([])
  answer = (leases) => ({ results: leases.map(({ connectionId }) => ({ connectionId, result: 'renewed' })) })
  const before = renewed.length
  await vi.advanceTimersByTimeAsync(10_000)
  expect(renewed.length).toBeGreaterThan(before)
})

it('tells of a lease that somebody else holds, once', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  await keeper.acquire('n', 't', 'd2', 'c2')
  answer = () => ({ results: [{ connectionId: 'c1', result: 'foreign-lease' }] })
  await vi.advanceTimersByTimeAsync(30_000)
  expect(lost).toEqual(['c1'])
})

it('does not give back what it does not hold', async () => {
  await keeper.release('never-acquired')
  expect(released).toEqual([])
})
