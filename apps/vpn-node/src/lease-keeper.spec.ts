import { ServiceRefusedError, ServiceUnavailableError } from '@sallyport/cluster-identity'
import type { Lease, ReleaseResponse, RenewRequest, RenewResponse } from '@sallyport/contracts'
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
/** By call. */
let released: string[][]
let giveBack: (signal?: AbortSignal) => ReleaseResponse | Promise<ReleaseResponse>
let lost: string[]
let acquired: string[]
let acquire: (connectionId: string) => Lease
let answer: (leases: RenewRequest['leases']) => RenewResponse
let keeper: LeaseKeeper

beforeEach(() => {
  vi.useFakeTimers()
  renewed = []
  released = []
  giveBack = () => ({ results: [] })
  lost = []
  acquired = []
  acquire = lease
  answer = (leases) => ({ results: leases.map(({ connectionId }) => ({ connectionId, result: 'renewed' })) })
  keeper = new LeaseKeeper(
    {
      lease: async (_networkId, { connectionId }) => {
        await Promise.resolve()
        acquired.push(connectionId)
        return acquire(connectionId)
      },
      renew: async (leases) => {
        renewed.push([...leases])
        await Promise.resolve()
        return answer([...leases])
      },
      release: async (leases, signal) => {
        await Promise.resolve()
        released.push(leases.map(({ connectionId }) => connectionId))
        return giveBack(signal)
      },
    },
    (connectionId) => lost.push(connectionId),
    createLogger('test', 'silent'),
  )
})

afterEach(async () => {
  await keeper[Symbol.asyncDispose]()
  vi.useRealTimers()
})

it('renews a lease three times in its life, until it is released', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  await vi.advanceTimersByTimeAsync(30_000)
  expect(renewed.length).toBe(3)
  keeper.release('c1')
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

it('gives back what it holds, once, and what came within a moment in one call', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  await keeper.acquire('n', 't', 'd2', 'c2')
  for (const connectionId of ['c1', 'never-acquired', 'c2', 'c1']) keeper.release(connectionId)
  expect(released).toEqual([])
  await vi.advanceTimersByTimeAsync(200)
  expect(released).toEqual([['c1', 'c2']])
})

it('gives back what is left before it ends, and goes on when that fails', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  giveBack = () => {
    throw new ServiceUnavailableError('away')
  }
  keeper.release('c1')
  await keeper[Symbol.asyncDispose]()
  expect(released).toEqual([['c1']])
})

it('does not end before a call under way has given back', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  const answered = Promise.withResolvers<ReleaseResponse>()
  let ended: AbortSignal | undefined
  giveBack = (signal) => {
    ended = signal
    return answered.promise
  }
  keeper.release('c1')
  await vi.advanceTimersByTimeAsync(200)
  const disposed = keeper[Symbol.asyncDispose]()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(ended?.aborted).toBe(false)
  answered.resolve({ results: [] })
  await disposed
  expect(ended?.aborted).toBe(true)
})

it('gives back what comes during a call, after it', async () => {
  for (const connectionId of ['c1', 'c2', 'c3']) await keeper.acquire('n', 't', 'd', connectionId)
  const answered = Promise.withResolvers<ReleaseResponse>()
  giveBack = () => answered.promise
  keeper.release('c1')
  await vi.advanceTimersByTimeAsync(200)
  keeper.release('c2')
  await vi.advanceTimersByTimeAsync(1_000)
  expect(released).toEqual([['c1']])
  answered.resolve({ results: [] })
  await vi.advanceTimersByTimeAsync(0)
  expect(released).toEqual([['c1'], ['c2']])
  keeper.release('c3')
  await vi.advanceTimersByTimeAsync(200)
  expect(released).toEqual([['c1'], ['c2'], ['c3']])
})

it('has every client that finds a pool full wait for addresses that are being given back', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  await keeper.acquire('n', 't', 'd', 'c2')
  let free = 0
  giveBack = async () => {
    await new Promise((resolve) => setTimeout(resolve, 50))
    free = 2
    return { results: [] }
  }
  acquire = (connectionId) => {
    if (free === 0) throw new ServiceRefusedError(409, 'pool-full', 'full')
    free -= 1
    return lease(connectionId)
  }
  keeper.release('c1')
  keeper.release('c2')
  const together = Promise.all([keeper.acquire('n', 't', 'd3', 'c3'), keeper.acquire('n', 't', 'd4', 'c4')])
  const [both] = await Promise.all([together, vi.advanceTimersByTimeAsync(100)])
  expect(both.map(({ connectionId }) => connectionId)).toEqual(['c3', 'c4'])
})

it('gives back before it takes a pool for full', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  keeper.release('c1')
  acquire = (connectionId) => {
    if (released.length === 0) throw new ServiceRefusedError(409, 'pool-full', 'full')
    return lease(connectionId)
  }
  expect(await keeper.acquire('n', 't', 'd2', 'c2')).toMatchObject({ connectionId: 'c2' })
  acquire = () => {
    throw new ServiceRefusedError(409, 'pool-full', 'full')
  }
  await expect(keeper.acquire('n', 't', 'd3', 'c3')).rejects.toMatchObject({ code: 'pool-full' })
})

const results = (result: RenewResponse['results'][number]['result']) => (leases: RenewRequest['leases']) => ({
  results: leases.map(({ connectionId }) => ({ connectionId, result })),
})

it.each<[string, () => Error]>([
  ['was away', () => new ServiceUnavailableError('away')],
  ['knew nothing of the network', () => new ServiceRefusedError(404, 'unknown-network', 'unknown')],
])('has the addresses in use confirmed before it asks for more, when the allocator %s', async (_name, error) => {
  await keeper.acquire('n', 't', 'd', 'c1')
  acquire = () => {
    throw error()
  }
  await expect(keeper.acquire('n', 't', 'd2', 'c2')).rejects.toThrow()
  acquire = lease
  answer = results('unknown-network')
  await expect(keeper.acquire('n', 't', 'd2', 'c3')).rejects.toMatchObject({ code: 'service-unavailable' })
  expect(acquired).toEqual(['c1', 'c2'])
  await keeper.acquire('another network', 't', 'd3', 'c9')
  answer = results('renewed')
  await Promise.all([keeper.acquire('n', 't', 'd2', 'c4'), keeper.acquire('n', 't', 'd4', 'c5')])
  expect(renewed.length).toBe(2)
  expect(acquired).toEqual(['c1', 'c2', 'c9', 'c4', 'c5'])
})

it('asks for more at once when the pool was full, which loses nothing', async () => {
  await keeper.acquire('n', 't', 'd', 'c1')
  acquire = () => {
    throw new ServiceRefusedError(409, 'pool-full', 'full')
  }
  await expect(keeper.acquire('n', 't', 'd2', 'c2')).rejects.toThrow()
  acquire = lease
  await keeper.acquire('n', 't', 'd2', 'c3')
  expect(renewed).toEqual([])
})

it('gives the first addresses out with nothing to confirm', async () => {
  acquire = () => {
    throw new ServiceUnavailableError('away')
  }
  await expect(keeper.acquire('n', 't', 'd', 'c1')).rejects.toThrow()
  acquire = lease
  await keeper.acquire('n', 't', 'd', 'c2')
  expect(acquired).toEqual(['c1', 'c2'])
})
