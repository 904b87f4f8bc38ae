import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import type { EnrolledDevice } from '@sallyport/local-services'
import { type Namespace, type OpenVpnClient, SeededRandom, sha256OfBytes } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { FORBIDDEN_HOST, type Member, POOL, PRIVATE_HOST } from './site.ts'
import { download, fetchPage, ping, upload } from './traffic.ts'
import { World } from './world.ts'

const TRANSFER_BYTES = 200_000_000

let world: World
let host: Namespace
let otherHost: Namespace
let employee: { member: Member; device: EnrolledDevice }

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }, { slug: 'tenant-b' }, { slug: 'tenant-c' }] })
  host = await world.addHost('client-a')
  otherHost = await world.addHost('client-b')
  const member = await world.site('tenant-a').addMember('alice', { totp: true })
  employee = { member, device: await member.client.enrolDevice('laptop') }
})
afterAll(() => world[Symbol.asyncDispose]())

/** Runs a client with certificate and password only, as long as the work takes. */
async function withClient<Result>(
  place: { slug: string; username: string; namespace: Namespace; extraArgs?: readonly string[] },
  work: (client: OpenVpnClient, ipv4: string) => Promise<Result>,
): Promise<Result> {
  const account = await world.site(place.slug).addDevice(place.username)
  const options = place.extraArgs === undefined ? {} : { extraArgs: place.extraArgs }
  await using client = await world.startClient(place.namespace, account, options)
  const { ipv4 } = await client.waitForConnected()
  return await work(client, ipv4)
}

it('connects with certificate, password and one-time code, and reaches the private host', async () => {
  await using client = await world.startClient(host, employee)
  const state = await client.waitForConnected(90_000)

  expect(state.ipv4).toMatch(/^10\.8\.0\.\d+$/)
  expect(state.ipv4).not.toBe(POOL.gateway)
  expect(state.ipv6).toMatch(/^fd00:8::/)
  expect(client.promptCount).toBe(1)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  expect(await fetchPage(host, PRIVATE_HOST.ipv6)).toContain('<h1>tenant-a</h1>')
  expect(await ping(host, PRIVATE_HOST.ipv4, { count: 10, payloadBytes: 1400 })).toEqual({ sent: 10, received: 10 })
  expect(await ping(host, PRIVATE_HOST.ipv6, { count: 5 })).toEqual({ sent: 5, received: 5 })
})

it('carries 200 MB each way with equal checksums', async () => {
  const sha256 = sha256OfBytes(TRANSFER_BYTES)
  const file = join(tmpdir(), `sallyport-upload-${randomUUID()}`)
  const block = new SeededRandom(1).bytes(1 << 20)
  const blocks = Array.from({ length: Math.ceil(TRANSFER_BYTES / block.length) }, () => block)
  await writeFile(file, Buffer.concat(blocks).subarray(0, TRANSFER_BYTES))
  try {
    await withClient({ slug: 'tenant-a', username: 'transfer', namespace: host }, async () => {
      expect(await download(host, PRIVATE_HOST.ipv4, TRANSFER_BYTES)).toBe(sha256)
      expect(await upload(host, PRIVATE_HOST.ipv4, file)).toBe(sha256)
    })
  } finally {
    await rm(file)
  }
})

it('keeps two tenants with the same inner addresses apart, connected at once', async () => {
  await withClient({ slug: 'tenant-b', username: 'bob', namespace: host }, async (_b, ipv4) => {
    await withClient({ slug: 'tenant-c', username: 'carol', namespace: otherHost }, async (_c, otherIpv4) => {
      expect(otherIpv4).toBe(ipv4)
      const pages = await Promise.all([fetchPage(host, PRIVATE_HOST.ipv4), fetchPage(otherHost, PRIVATE_HOST.ipv4)])
      expect(pages).toEqual([
        expect.stringContaining('<h1>tenant-b</h1>'),
        expect.stringContaining('<h1>tenant-c</h1>'),
      ])
      expect(await download(otherHost, PRIVATE_HOST.ipv4, 1_000_000)).toBe(sha256OfBytes(1_000_000))
    })
  })
})

it('lets a client reach neither what is outside the routes, nor the node, nor another client', async () => {
  await withClient({ slug: 'tenant-a', username: 'first', namespace: host }, async (_first, ipv4) => {
    await withClient({ slug: 'tenant-a', username: 'second', namespace: otherHost }, async (_second, otherIpv4) => {
      // The client may write what it likes into its own routing table.
      await host.exec('ip', 'route', 'add', '10.30.0.0/24', 'dev', 'tun0')
      expect(otherIpv4).not.toBe(ipv4)
      expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toBeDefined()
      expect(await fetchPage(host, FORBIDDEN_HOST, 2)).toBeUndefined()
      expect(await ping(host, FORBIDDEN_HOST)).toMatchObject({ received: 0 })
      expect(await ping(host, otherIpv4)).toMatchObject({ received: 0 })
      expect((await host.try('curl', '-sS', '-m', '2', `http://${POOL.gateway}:22/`)).code).toBe(28)
      expect(await ping(host, POOL.gateway)).toMatchObject({ received: 3 })
    })
  })
})

it('drops packets with an inner source address that was not leased to the client', async () => {
  await withClient({ slug: 'tenant-a', username: 'spoofer', namespace: host }, async () => {
    const dropped = await world.metrics.growth('node_engine_total', 'dropSourceAddress', async () => {
      await host.exec('ip', 'address', 'add', '10.8.0.200/32', 'dev', 'tun0')
      await host.try('ping', '-n', '-c', '3', '-i', '0.2', '-W', '1', '-I', '10.8.0.200', PRIVATE_HOST.ipv4)
    })
    expect(dropped).toBeGreaterThanOrEqual(3)
    const ofPeers = await world.metrics.dropsOfPeers('dropSourceAddress')
    expect(ofPeers.size).toBe(1)
    expect([...ofPeers.values()][0]).toBeGreaterThanOrEqual(dropped)
  })
})

it('speaks TLS 1.2 with a client that does not know more', async () => {
  const place = { slug: 'tenant-a', username: 'tls12', namespace: host, extraArgs: ['--tls-version-max', '1.2'] }
  await withClient(place, async (client) => {
    await client.waitForEvent(/Control Channel: TLSv1\.2/, 5_000)
    expect(await download(host, PRIVATE_HOST.ipv4, 1_000_000)).toBe(sha256OfBytes(1_000_000))
  })
})
