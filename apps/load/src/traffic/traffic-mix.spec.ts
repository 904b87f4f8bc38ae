import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import type { TrafficKind } from './mix.ts'
import { Responder } from './responder.ts'
import type { MixResults } from './traffic.ts'
import { TrafficMix, type TrafficPlan } from './traffic-mix.ts'

const PLAN: TrafficPlan = { packetsPerSecond: 50, payloadBytes: 64, bytesPerSecond: 200_000 }
let responder: Responder
let target: { address: string; port: number }

beforeAll(async () => {
  target = { address: '127.0.0.1', port: await freePort() }
  responder = await Responder.start({ host: target.address, port: target.port })
})
afterAll(() => responder[Symbol.asyncDispose]())

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** Lets two clients have this traffic for a second. */
async function flow(kind: TrafficKind, plan = PLAN, to = target): Promise<MixResults> {
  const mix = new TrafficMix([kind, kind, 'idle'], plan, () => performance.now())
  for (const [client, source] of ['127.0.0.1', '127.0.0.2', '127.0.0.3'].entries()) {
    mix.opened(client, { source, target: to })
  }
  mix.advance(0)
  mix.begin()
  await pause(100)
  for (let nowMs = 0; nowMs <= 1_000; nowMs += 20) {
    mix.advance(nowMs)
    await pause(20)
  }
  mix.end()
  return mix.results
}

it('measures round trips of every ping', async () => {
  const { ping } = await flow('ping')
  expect(ping).toMatchObject({ failed: 0, rttMs: { count: ping?.['received'] } })
  expect(ping?.['sent']).toBeGreaterThanOrEqual(95)
  expect(ping?.['received']).toBe(ping?.['sent'])
})

it('sends small packets up and is sent what it asked for', async () => {
  const up = await flow('small-up')
  expect(up['small-up']).toMatchObject({ failed: 0 })
  expect(up['small-up']?.['sent']).toBeGreaterThanOrEqual(95)
  const down = (await flow('small-down'))['small-down']
  expect(down).toMatchObject({ failed: 0 })
  expect(down?.['requested']).toBeGreaterThanOrEqual(100)
  expect(down?.['received']).toBeGreaterThan(80)
  expect(down?.['received']).toBeLessThanOrEqual(200)
})

it.each(['bulk-up', 'bulk-down'] as const)('keeps the rate of %s, and has none without one', async (kind) => {
  const slow = (await flow(kind))[kind]
  expect(slow).toMatchObject({ streams: 2, failed: 0 })
  expect(slow?.['bytes']).toBeGreaterThan(200_000)
  expect(slow?.['bytes']).toBeLessThan(800_000)
  const fast = (await flow(kind, { ...PLAN, bytesPerSecond: undefined }))[kind]
  expect(fast?.['bytes']).toBeGreaterThan(4_000_000)
})

it('counts what nobody answers as failed', async () => {
  const nobody = { address: '127.0.0.1', port: 1 }
  expect((await flow('bulk-up', PLAN, nobody))['bulk-up']).toMatchObject({ streams: 0, failed: 2, bytes: 0 })
  expect((await flow('ping', PLAN, nobody)).ping).toMatchObject({ received: 0 })
})

it('says where it cannot listen', async () => {
  await expect(Responder.start({ host: '127.0.0.1', port: target.port })).rejects.toThrow(
    /cannot listen on 127\.0\.0\.1/,
  )
})
