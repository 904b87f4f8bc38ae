import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { type TrafficHost, TrafficReporter } from './traffic-reporter.ts'

const ROUND_MS = 15_000

let calls: string[][]
let answer: () => Promise<void>
let hosts: TrafficHost[]
let moved: Map<number, bigint>
let reporter: TrafficReporter

const host = (peerId: number): TrafficHost => ({
  connection: { peerId, grant: { connectionId: `c${String(peerId)}` } },
})

beforeEach(() => {
  vi.useFakeTimers()
  calls = []
  answer = () => Promise.resolve()
  hosts = [host(1), { connection: undefined }, host(2)]
  moved = new Map([
    [1, 10n],
    [2, 0n],
  ])
  const traffic = (told: readonly { connectionId: string; receivedBytes: string; sentBytes: string }[]) => {
    calls.push(
      told.map(({ connectionId, receivedBytes, sentBytes }) => `${connectionId} ${receivedBytes} ${sentBytes}`),
    )
    return answer()
  }
  const statistics = (peerId: number) => ({
    receivedBytes: moved.get(peerId) ?? 0n,
    sentBytes: 3n * (moved.get(peerId) ?? 0n),
    ...{ receivedPackets: 0n, sentPackets: 0n, transportReceivedBytes: 0n, transportSentBytes: 0n },
  })
  reporter = new TrafficReporter({ traffic }, { statistics }, () => hosts, createLogger('test', 'silent'))
})

afterEach(() => {
  reporter[Symbol.dispose]()
  vi.useRealTimers()
})

it('tells what connections have moved so far, and only of those that moved something since', async () => {
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  moved.set(2, 5n)
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  expect(calls).toEqual([['c1 10 30'], ['c2 5 15']])
})

it('tells again what was not delivered', async () => {
  answer = () => Promise.reject(new Error('away'))
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  answer = () => Promise.resolve()
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  expect(calls).toEqual([['c1 10 30'], ['c1 10 30']])
})

it('keeps the limit of a call, and has one under way at a time', async () => {
  hosts = Array.from({ length: 300 }, (_, index) => host(index + 10))
  moved = new Map(hosts.map((_, index) => [index + 10, 1n]))
  const slow = Promise.withResolvers<undefined>()
  answer = () => slow.promise
  await vi.advanceTimersByTimeAsync(3 * ROUND_MS)
  expect(calls.map(({ length }) => length)).toEqual([256])
  slow.resolve(undefined)
  await vi.advanceTimersByTimeAsync(0)
  expect(calls.map(({ length }) => length)).toEqual([256, 44])
})

it('tells nothing after its end', async () => {
  reporter[Symbol.dispose]()
  await vi.advanceTimersByTimeAsync(ROUND_MS)
  expect(calls).toEqual([])
})
