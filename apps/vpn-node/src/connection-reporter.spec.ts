import type { ConnectionReport } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { ConnectionReporter } from './connection-reporter.ts'

const ESTABLISHED = { ipv4: '10.8.0.2', ipv6: null, cipher: 'AES-256-GCM' }
const ENDED = { reason: 'explicit-exit', receivedBytes: '1', sentBytes: '2' }

let calls: (readonly ConnectionReport[])[]
let answer: (signal: AbortSignal) => Promise<void>
let reporter: ConnectionReporter

beforeEach(() => {
  vi.useFakeTimers()
  calls = []
  answer = () => Promise.resolve()
  const report = (reports: readonly ConnectionReport[], signal: AbortSignal) => {
    calls.push(reports)
    return answer(signal)
  }
  reporter = new ConnectionReporter({ report }, createLogger('test', 'silent'))
})

afterEach(() => {
  reporter[Symbol.dispose]()
  vi.useRealTimers()
})

it('gathers reports and sends them in one call, in their order', async () => {
  reporter.established('a', ESTABLISHED)
  reporter.established('b', ESTABLISHED)
  await vi.advanceTimersByTimeAsync(100)
  reporter.ended('a', ENDED)
  expect(calls).toEqual([])
  await vi.advanceTimersByTimeAsync(100)
  expect(calls.map((reports) => reports.map(({ type, connectionId }) => `${type} ${connectionId}`))).toEqual([
    ['established a', 'established b', 'ended a'],
  ])
})

it('tells of a capture before the end of its connection, in the same call', async () => {
  reporter.captured('a', { captureId: 'b', outcome: 'finished', packets: '1', missed: '0' })
  reporter.ended('a', ENDED)
  await vi.advanceTimersByTimeAsync(200)
  expect(calls.map((reports) => reports.map(({ type }) => type))).toEqual([['captured', 'ended']])
})

it('keeps the order and the limit of a call when many come while one is under way', async () => {
  const first = Promise.withResolvers<undefined>()
  answer = () => first.promise
  for (let number = 0; number < 300; number++) reporter.established(String(number), ESTABLISHED)
  await vi.advanceTimersByTimeAsync(200)
  reporter.ended('0', ENDED)
  await vi.advanceTimersByTimeAsync(1000)
  expect(calls.map(({ length }) => length)).toEqual([256])
  first.resolve(undefined)
  await vi.advanceTimersByTimeAsync(0)
  expect(calls.map(({ length }) => length)).toEqual([256, 45])
})

it('forgets what cannot be delivered and goes on', async () => {
  answer = () => Promise.reject(new Error('away'))
  reporter.established('a', ESTABLISHED)
  await vi.advanceTimersByTimeAsync(200)
  answer = () => Promise.resolve()
  reporter.established('b', ESTABLISHED)
  await vi.advanceTimersByTimeAsync(200)
  expect(calls.flat().map(({ connectionId }) => connectionId)).toEqual(['a', 'b'])
})

it('sends at once when it is flushed, and gives up on a service that does not answer', async () => {
  answer = (signal) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reject(new Error('given up'))
      })
    })
  reporter.ended('a', ENDED)
  const flushed = reporter.flush()
  expect(calls).toHaveLength(1)
  await vi.advanceTimersByTimeAsync(3_000)
  await flushed
})
