import { setTimeout as delay } from 'node:timers/promises'

import type { Namespace, OpenVpnClient } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { PRIVATE_HOST } from './site.ts'
import { fetchPage, longestStall, PingTrain } from './traffic.ts'
import { World } from './world.ts'

const RENEGOTIATE_SECONDS = 20
const WATCH_SECONDS = 120
/** Longer than twice the pushed ping-restart, after which the node gives a silent client up. */
const ASLEEP_MS = 25_000

let world: World
let host: Namespace
let client: OpenVpnClient

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  host = await world.addHost('client')
  const { tenantId } = world.site('tenant-a')
  const settings = { pingSeconds: 2, pingRestartSeconds: 10 }
  await world.stack.platform.call('PATCH', `/platform/tenants/${tenantId}`, { settings })
  const member = await world.site('tenant-a').addMember('alice', { totp: true })
  const device = await member.client.enrolDevice('laptop')
  const extraArgs = ['--reneg-sec', String(RENEGOTIATE_SECONDS)]
  client = await world.startClient(host, { member, device }, { extraArgs })
  await client.waitForConnected(90_000)
})
afterAll(() => world[Symbol.asyncDispose]())

it('renegotiates every 20 s for two minutes under load without a gap of a second and without a prompt', async () => {
  await using train = new PingTrain(host, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)
  const { stallMs } = await longestStall(host, world.site('tenant-a').lan, WATCH_SECONDS)

  expect(stallMs).toBeLessThan(1_000)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  expect(train.lostShare).toBeLessThan(0.05)
  const renegotiations = client.events.filter((event) => event.includes('Control Channel: TLSv1')).length - 1
  expect(renegotiations).toBeGreaterThanOrEqual(5)
  expect(client.promptCount).toBe(1)
})

it('needs no second code to reconnect, and keeps its addresses', async () => {
  const { ipv4, ipv6 } = await client.waitForConnected()
  const mark = client.mark
  client.process.signal('SIGUSR1')
  expect(await client.waitForConnected(30_000, mark)).toMatchObject({ ipv4, ipv6 })
  expect(client.promptCount).toBe(1)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
})

it('needs no second code after it was asleep for longer than the node waits for it', async () => {
  const { ipv4, ipv6 } = await client.waitForConnected()
  const mark = client.mark
  const ended = await world.metrics.growth('node_connection_ends_total', 'keepalive-timeout', async () => {
    client.process.signal('SIGSTOP')
    await delay(ASLEEP_MS)
    client.process.signal('SIGCONT')
  })
  expect(ended).toBe(1)
  expect(await client.waitForConnected(60_000, mark)).toMatchObject({ ipv4, ipv6 })
  expect(client.promptCount).toBe(1)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
})

it('comes back by itself with the same profile and addresses after the node was killed and started again', async () => {
  const { ipv4, ipv6 } = await client.waitForConnected()
  const mark = client.mark
  await world.stack.services['vpn-node'].kill()
  expect(await fetchPage(host, PRIVATE_HOST.ipv4, 3)).toBeUndefined()

  await world.stack.services['vpn-node'].start()
  expect(await client.waitForConnected(120_000, mark)).toMatchObject({ ipv4, ipv6 })
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  expect(client.promptCount).toBe(1)
})
