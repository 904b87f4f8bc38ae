import { expect, it } from 'vitest'

import { FleetStatistics } from '../fleet/fleet-statistics.ts'
import { isComplete, resultsOf, type RunEnd } from './results.ts'
import { resultsTable } from './table.ts'

const END: RunEnd = {
  plan: { clients: 3, profiles: 3, ratePerSecond: 10, holdSeconds: 1, mix: 'idle' },
  startedMs: 1_000,
  endedMs: 4_500,
  interrupted: false,
  connectedAtEnd: 2,
  mixes: { ping: { sent: 10, received: 9 } },
  engineCounters: { dropNoRoute: 2n, dropBadTag: 0n, pingsSent: 5n },
  exec: undefined,
  process: { cpuSeconds: 0.5, engineCpuSeconds: 0.1, residentBytes: 123_456_789 },
}

function statistics(): FleetStatistics {
  const counted = new FleetStatistics()
  for (const nowMs of [1_000, 1_100, 1_200]) counted.noteBegun(true, false, nowMs)
  counted.noteConnected(true, 50, 1_050)
  counted.noteConnected(true, 100, 3_000)
  counted.refusals.add('refused: Wrong password')
  counted.noteBegun(false, true, 3_100)
  counted.noteConnected(false, 20, 3_120)
  counted.noteDrop('duplicate')
  counted.addTraffic({
    receivedBytes: 1_000n,
    receivedPackets: 10n,
    sentBytes: 2_000n,
    sentPackets: 20n,
    transportReceivedBytes: 0n,
    transportSentBytes: 0n,
  })
  return counted
}

it('puts the counts together', () => {
  expect(resultsOf(statistics(), END)).toMatchObject({
    schema: 1,
    seconds: 3.5,
    connect: { attempted: 3, connected: 2, failed: 1, seconds: 2, perSecond: 1, timeMs: { count: 2 } },
    refusals: { 'refused: Wrong password': 1 },
    lost: {},
    reconnects: { attempted: 1, connected: 1, withToken: 1 },
    traffic: { receivedBytes: 1_000, sentPackets: 20, mixes: { ping: { sent: 10 } } },
    drops: { dropNoRoute: 2, duplicate: 1 },
    exec: null,
  })
  expect(resultsOf(statistics(), END).drops).not.toHaveProperty('dropBadTag')
})

it('is complete when everybody connected and the command succeeded', () => {
  const results = resultsOf(statistics(), END)
  const all = { ...results, plan: { ...results.plan, clients: 2 } }
  expect(isComplete(results)).toBe(false)
  expect(isComplete(all)).toBe(true)
  expect(isComplete({ ...all, exec: { exitCode: 0, seconds: 1 } })).toBe(true)
  expect(isComplete({ ...all, exec: { exitCode: 2, seconds: 1 } })).toBe(false)
  expect(isComplete({ ...all, exec: { exitCode: null, seconds: 1 } })).toBe(false)
})

it('shows a person the same', () => {
  const table = resultsTable(resultsOf(statistics(), { ...END, interrupted: true }))
  for (const text of [
    'interrupted',
    '2 of 3 that tried',
    '1 × refused: Wrong password',
    'p50 50 ms',
    '1 of 1, 1 with a session token',
    'sent 10, received 9',
    '2 × dropNoRoute',
    '123.5 MB resident',
  ]) {
    expect(table).toContain(text)
  }
})
