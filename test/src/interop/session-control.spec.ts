import { setTimeout as delay } from 'node:timers/promises'

import type { Namespace, OpenVpnClient } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { addAccount, admitClient, CLIENT } from './client-under-test.ts'
import { changeRoutes, endConnection, orderNode } from './orders.ts'
import { PRIVATE_HOST, type Site } from './site.ts'
import { fetchPage, PingTrain } from './traffic.ts'
import { World } from './world.ts'

const RENEGOTIATE_SECONDS = 10
/** Seven ids after the first one, then id 1 again, and one more. */
const WRAP_COUNT = 9
const NEW_ROUTE = '10.98.0.0/24'

let world: World
let hosts: Readonly<Record<'first' | 'second', Namespace>>

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }, { slug: 'renewing' }] })
  hosts = { first: await world.addHost('client-a'), second: await world.addHost('client-b') }
  await admitClient(world)
  await configure(world.site('renewing'), { renegotiateSeconds: RENEGOTIATE_SECONDS })
})
afterAll(() => world[Symbol.asyncDispose]())

async function configure({ tenantId }: Site, settings: Readonly<Record<string, unknown>>): Promise<void> {
  await world.stack.platform.call('PATCH', `/platform/tenants/${tenantId}`, { settings })
}

/** Runs a client with a ping train through it; gives up when the train had a gap of a second. */
async function withTrain(
  place: { slug: string; username: string; namespace: Namespace; extraArgs: readonly string[] },
  work: (client: OpenVpnClient) => Promise<void>,
): Promise<void> {
  const { namespace, extraArgs } = place
  const account = await addAccount(world.site(place.slug), place.username)
  await using client = await world.startClient(namespace, account, { extraArgs })
  await client.waitForConnected()
  await using train = new PingTrain(namespace, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)
  await work(client)
  await train.nextAnswer(5_000)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  expect(client.promptCount).toBe(1)
}

function handshakes(client: OpenVpnClient): number {
  return client.events.filter((event) => event.startsWith('>LOG:') && event.includes('Control Channel: TLSv1')).length
}

async function waitForHandshakes(client: OpenVpnClient, count: number, timeoutMs: number): Promise<void> {
  const startedMs = Date.now()
  while (handshakes(client) < count) {
    if (Date.now() - startedMs > timeoutMs) throw new Error(`${String(handshakes(client))} handshakes only`)
    await delay(100)
  }
}

describe('renegotiation', () => {
  it('goes through all key ids and begins again at 1 when the client asks, and happens when the server asks', async () => {
    const often = { slug: 'tenant-a', username: 'often', extraArgs: ['--reneg-sec', '3'] }
    const never = { slug: 'renewing', username: 'never', extraArgs: ['--reneg-sec', '0'] }
    await Promise.all([
      withTrain({ ...often, namespace: hosts.first }, (client) => waitForHandshakes(client, WRAP_COUNT + 1, 60_000)),
      withTrain({ ...never, namespace: hosts.second }, (client) => waitForHandshakes(client, 3, 40_000)),
    ])
  })
})

describe('a change of the network', () => {
  it('reaches a connected client that can be updated at once, and another with its next connection', async () => {
    const site = world.site('tenant-a')
    const account = await addAccount(site, 'changed')
    await using client = await world.startClient(hosts.first, account)
    await client.waitForConnected()
    const mark = client.mark
    await changeRoutes(site, [NEW_ROUTE])
    if (CLIENT.isUpdatable) {
      await client.waitForEvent(/PUSH_UPDATE/, 10_000, mark)
      await delay(1_000)
    } else {
      await delay(1_000)
      expect(client.events.slice(mark).join('\n')).not.toContain(NEW_ROUTE.split('/')[0])
      client.process.signal('SIGUSR1')
      await client.waitForConnected(30_000, mark)
    }
    expect(await hosts.first.exec('ip', '-4', 'route', 'show', 'dev', 'tun0')).toContain(`${NEW_ROUTE} `)
    expect(
      client.events.slice(mark).some((event) => event.startsWith('>STATE:') && event.includes('RECONNECTING')),
    ).toBe(!CLIENT.isUpdatable)
    expect(await fetchPage(hosts.first, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  })
})

describe('the end of a connection', () => {
  it('sends every client elsewhere when the node is drained, and takes it back without a prompt', async () => {
    const account = await addAccount(world.site('tenant-a'), 'drained')
    await using client = await world.startClient(hosts.first, account, { extraArgs: ['--connect-retry', '1', '1'] })
    const { ipv4 } = await client.waitForConnected()
    const mark = client.mark
    await orderNode(world, 'drain')
    await client.waitForEvent(/^>STATE:\d+,RECONNECTING,server-pushed-connection-reset/, 10_000, mark)
    expect(await fetchPage(hosts.first, PRIVATE_HOST.ipv4, 2)).toBeUndefined()
    await orderNode(world, 'resume')
    expect(await client.waitForConnected(60_000, mark)).toMatchObject({ ipv4 })
    expect(client.promptCount).toBe(1)
  })

  it('ends a client whose connection an administrator ended', async () => {
    const account = await addAccount(world.site('tenant-a'), 'halted')
    await using client = await world.startClient(hosts.first, account)
    await client.waitForConnected()
    await endConnection(world.site('tenant-a'), account.device)
    await client.waitForEvent(/^>EXITED:/, 10_000).catch(() => undefined)
    expect(client.running).toBe(false)
    expect(client.events.join('\n')).toContain('This connection was ended')
  })

  it.runIf(CLIENT.exits)('hears a client say goodbye at once', async () => {
    const account = await addAccount(world.site('tenant-a'), 'leaving')
    const ended = await world.metrics.growth('node_connection_ends_total', 'client-exit', async () => {
      const client = await world.startClient(hosts.first, account)
      await client.waitForConnected()
      await client.stop()
      await delay(500)
    })
    expect(ended).toBe(1)
  })
})
