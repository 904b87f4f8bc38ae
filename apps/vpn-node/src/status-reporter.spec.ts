import { availableParallelism } from 'node:os'

import type { NodeStatus } from '@sallyport/contracts'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { programVersion } from './program-version.ts'
import { StatusReporter } from './status-reporter.ts'

const STARTED_AT = new Date('2026-03-01T09:30:00.000Z')

let told: NodeStatus[]
let answer: () => Promise<void>
let cpuMicroseconds: number
let reporter: StatusReporter

beforeEach(() => {
  vi.useFakeTimers({ now: STARTED_AT.getTime() + 60_000 })
  told = []
  answer = () => Promise.resolve()
  cpuMicroseconds = 0
  const status = (said: NodeStatus): Promise<void> => {
    told.push(said)
    return answer()
  }
  const readings = {
    version: '1.2.3',
    connections: () => 7,
    cpuMicroseconds: () => cpuMicroseconds,
    uptimeMs: () => Date.now() - STARTED_AT.getTime(),
  }
  reporter = new StatusReporter({ status }, readings, createLogger('test', 'silent'))
})

afterEach(() => {
  reporter[Symbol.dispose]()
  vi.useRealTimers()
})

it('tells version, start, connections and room, and no share of the processors before there are two readings', async () => {
  await reporter.report()
  expect(told).toEqual([
    { version: '1.2.3', startedAt: STARTED_AT.toISOString(), connections: 7, capacity: 65_536, cpuShare: null },
  ])
})

it('tells every 15 s which share of all processors it used since the last time', async () => {
  await reporter.report()
  cpuMicroseconds += 7_500_000 * availableParallelism()
  await vi.advanceTimersByTimeAsync(15_000)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(told.map(({ cpuShare }) => cpuShare)).toEqual([null, 0.5, 0])
})

it('never tells more than all of them, whatever the counters say', async () => {
  await reporter.report()
  cpuMicroseconds += 1e12
  await vi.advanceTimersByTimeAsync(15_000)
  expect(told[1]?.cpuShare).toBe(1)
})

it('goes on after a report that was refused, and never has two under way', async () => {
  answer = () => Promise.reject(new Error('404'))
  await reporter.report()
  const slow = Promise.withResolvers<undefined>()
  answer = () => slow.promise
  void reporter.report()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told).toHaveLength(2)
  slow.resolve(undefined)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(told).toHaveLength(3)
})

it('tells nothing after its end', async () => {
  reporter[Symbol.dispose]()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(told).toEqual([])
})

it('knows the version of its package', () => {
  expect(programVersion()).toMatch(/^\d+\.\d+\.\d+/)
})
