import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { addAccount, admitClient } from './client-under-test.ts'
import { capture, changeLimits } from './orders.ts'
import { PRIVATE_HOST } from './site.ts'
import { World } from './world.ts'

const PINGS = 100
const CAPTURE_SECONDS = 3

let world: World
let host: Namespace

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  host = await world.addHost('client-a')
  await admitClient(world)
})
afterAll(() => world[Symbol.asyncDispose]())

/** Sends as many pings in a second; gives how many were answered. */
async function answeredPings(): Promise<number> {
  const { stdout } = await host.try('ping', '-q', '-i', '0.01', '-c', String(PINGS), '-W', '1', PRIVATE_HOST.ipv4)
  return Number(/(\d+) received/.exec(stdout)?.[1])
}

it('holds connected clients to the limits of their network, as soon as they change', async () => {
  const site = world.site('tenant-a')
  const account = await addAccount(site, 'alice')
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  expect(await answeredPings()).toBe(PINGS)
  for (const name of ['uploadPacketsPerSecond', 'downloadPacketsPerSecond']) {
    await changeLimits(site, { [name]: 20 })
    await delay(500)
    expect(await answeredPings()).toBeLessThan(PINGS / 2)
    await changeLimits(site, { [name]: null })
    await delay(500)
  }
  expect(await answeredPings()).toBe(PINGS)
})

it('makes a device anew that somebody has deleted, and has its clients come back', async () => {
  const account = await addAccount(world.site('tenant-a'), 'carol')
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  const { tunnels } = world.site('tenant-a')
  const device = /^(spt\S+)/m.exec(await tunnels.exec('ip', '-brief', 'link'))?.[1] ?? ''
  const mark = client.mark
  await tunnels.exec('ip', 'link', 'delete', device)
  await client.waitForConnected(60_000, mark)
  await expect.poll(answeredPings, { timeout: 20_000 }).toBe(PINGS)
  expect(client.promptCount).toBe(1)
})

it('writes what an administrator wants to see of a connection to a file on its node', async () => {
  const site = world.site('tenant-a')
  const account = await addAccount(site, 'bob')
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  const directory = join(world.dataDirectory, 'captures')
  const seen: Record<string, string> = {}
  for (const side of ['inner', 'outer'] as const) {
    const file = await capture(site, account.device, { side, seconds: CAPTURE_SECONDS })
    await delay(300)
    expect(await answeredPings()).toBe(PINGS)
    await delay(CAPTURE_SECONDS * 1000)
    seen[side] = await host.exec('tcpdump', '-nn', '-r', join(directory, file))
  }
  const count = (text: string | undefined, what: RegExp): number => [...(text ?? '').matchAll(what)].length
  expect(count(seen['inner'], /ICMP echo request/g)).toBe(PINGS)
  expect(count(seen['inner'], /ICMP echo reply/g)).toBe(PINGS)
  // Each ping and its answer, and the keepalive.
  expect(count(seen['outer'], /: UDP, length \d+/g)).toBeGreaterThanOrEqual(2 * PINGS)
  expect(seen['outer']).not.toContain('ICMP')
  expect(await readdir(directory)).toHaveLength(2)
})
