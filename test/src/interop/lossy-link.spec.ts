import { setTimeout as delay } from 'node:timers/promises'

import { afterAll, beforeAll, expect, it } from 'vitest'

import { withRemote } from './client-profile.ts'
import { addAccount, admitClient, CLIENT } from './client-under-test.ts'
import { ImpairedLink } from './impaired-link.ts'
import { PRIVATE_HOST } from './site.ts'
import { ping } from './traffic.ts'
import { World } from './world.ts'

const SEEDS = [1, 2, 3, 4]
/** Clients before 2.6 acknowledge only once. */
const CONNECT_MS = CLIENT.minor >= 6 ? 30_000 : 60_000
const RENEGOTIATE_SECONDS = 12
const BAD = { loss: 0.3, duplication: 0.1, reordering: 0.2, heldBackMs: 40 } as const

let world: World

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  await admitClient(world)
})
afterAll(() => world[Symbol.asyncDispose]())

/** Connects over a bad link of its own, and renegotiates. Gives how long connecting took. */
async function survive(seed: number): Promise<{ seed: number; connectMs: number }> {
  const { node } = world.stack.addresses
  const host = await world.addHost(`seed-${String(seed)}`)
  const account = await addAccount(world.site('tenant-a'), `seed-${String(seed)}`)
  await using link = await ImpairedLink.create(node.host, node, { seed, ...BAD })
  const profile = withRemote(account.device.profile, { host: node.host, port: link.port, transport: 'udp' })
  const startedMs = Date.now()
  const extraArgs = ['--reneg-sec', String(RENEGOTIATE_SECONDS)]
  await using client = await world.startClient(host, account, { profile, extraArgs })
  await client.waitForConnected(90_000)
  const connectMs = Date.now() - startedMs
  const mark = client.mark
  await client.waitForEvent(/Control Channel: TLSv1/, (RENEGOTIATE_SECONDS + 60) * 1_000, mark)
  await delay(2_000)
  // Of a round trip through the link half is expected.
  const { received } = await ping(host, PRIVATE_HOST.ipv4, { count: 30 })
  expect(received).toBeGreaterThanOrEqual(5)
  expect(link.tally.lost).toBeGreaterThan(10)
  expect(client.promptCount).toBe(1)
  return { seed, connectMs }
}

it(`connects in less than ${String(CONNECT_MS / 1000)} s and renegotiates where 30 % is lost each way, repeated and reordered`, async () => {
  const results = await Promise.all(SEEDS.map(survive))
  for (const { seed, connectMs } of results) expect(connectMs, `seed ${String(seed)}`).toBeLessThan(CONNECT_MS)
})
