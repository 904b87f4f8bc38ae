import { setTimeout as delay } from 'node:timers/promises'

import type { EnrolledDevice } from '@sallyport/local-services'
import type { Namespace, OpenVpnClient } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Member, PRIVATE_HOST } from './site.ts'
import { fetchPage, PingTrain } from './traffic.ts'
import { World } from './world.ts'

const RENEGOTIATE_SECONDS = 15
/** Longer than a lease, so that it lapses when nobody renews it. */
const OUTAGE_MS = 35_000
const LEASE_SECONDS = 20

let world: World
let host: Namespace
let otherHost: Namespace
let client: OpenVpnClient
let newcomers: Readonly<Record<'redis' | 'postgres', { member: Member; device: EnrolledDevice }>>

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }], leaseSeconds: LEASE_SECONDS })
  host = await world.addHost('client')
  otherHost = await world.addHost('client-2')
  const site = world.site('tenant-a')
  const account = await site.addDevice('alice')
  newcomers = { redis: await site.addDevice('bob'), postgres: await site.addDevice('carol') }
  client = await world.startClient(host, account, { extraArgs: ['--reneg-sec', String(RENEGOTIATE_SECONDS)] })
  await client.waitForConnected()
})
afterAll(() => world[Symbol.asyncDispose]())

it.each([
  ['Redis', 'redis'],
  ['PostgreSQL', 'postgres'],
] as const)('keeps connected clients and refuses new ones for the time being while %s is away', async (name, part) => {
  const server = world.stack[part]
  if (server === undefined) throw new Error(`${name} is not ours to stop`)
  const { ipv4 } = await client.waitForConnected()
  const mark = client.mark
  await using train = new PingTrain(host, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)

  await server.stop()
  await using other = await world.startClient(otherHost, newcomers[part])
  expect(await other.waitForFailure()).toMatch(/^TEMP\[backoff \d+.*\]:.*temporarily unavailable/)
  await delay(OUTAGE_MS)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  expect(renegotiationsSince(mark)).toBeGreaterThanOrEqual(1)

  await server.start()
  await other.waitForConnected(90_000)
  expect(await fetchPage(otherHost, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  await delay(LEASE_SECONDS * 1_000)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  expect(await client.waitForConnected()).toMatchObject({ ipv4 })
  expect(client.promptCount).toBe(1)
})

function renegotiationsSince(mark: number): number {
  return client.events.slice(mark).filter((event) => event.includes('Control Channel: TLSv1')).length
}
