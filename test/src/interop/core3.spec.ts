import { setTimeout as delay } from 'node:timers/promises'

import type { EnrolledDevice } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { withRemote } from './client-profile.ts'
import { CORE3_MINOR, Core3Client, type Core3Options } from './core3-client.ts'
import { ImpairedLink } from './impaired-link.ts'
import { NatRouter } from './nat-router.ts'
import { listenerOf } from './node-listener.ts'
import { changeRoutes, endConnection, orderNode } from './orders.ts'
import { withoutOption } from './profile.ts'
import { type Member, PRIVATE_HOST, type Site } from './site.ts'
import { fetchPage, ping, PingTrain } from './traffic.ts'
import { World } from './world.ts'

const MANY_ROUTES = Array.from({ length: 60 }, (_, index) => `10.99.${String(index)}.0/24`)
const NEW_ROUTE = '10.98.0.0/24'
/** Since 3.11 it takes changes of the network while it is connected. */
const IS_UPDATABLE = (CORE3_MINOR ?? 0) >= 11
/** Since 3.6 it can be asked for a text or sent to a page. */
const WAITS_FOR_USERS = (CORE3_MINOR ?? 0) >= 6

const PROTOCOL_FLAGS = [
  ...((CORE3_MINOR ?? 0) >= 8 ? ['cc-exit', 'tls-ekm', 'dyn-tls-crypt'] : []),
  ...((CORE3_MINOR ?? 0) >= 11 ? ['aead-epoch'] : []),
]

interface Account {
  readonly member: Member
  readonly device: EnrolledDevice
}

describe.runIf(CORE3_MINOR !== undefined)('openvpn3 core', () => {
  let world: World
  let host: Namespace
  let asked: Readonly<Record<'fixed' | 'dynamic' | 'text' | 'web', Account>>

  beforeAll(async () => {
    world = await World.create({
      sites: [{ slug: 'tenant-a' }, { slug: 'static-crypt' }, { slug: 'static-auth' }, { slug: 'web' }],
      listen: ({ ipv4, ipv6 }) => `udp:${ipv4}:0,udp:[${ipv6}]:0,tcp:${ipv4}:0,tcp:[${ipv6}]:0`,
    })
    host = await world.addHost('client')
    await configure('static-crypt', { legacyClients: 'tls-crypt' })
    await configure('static-auth', { legacyClients: 'tls-auth' })
    await configure('web', { webSignIn: true })
    const site = world.site('tenant-a')
    asked = {
      fixed: await addAccount(site, 'fixed', { totp: true }),
      dynamic: await addAsking(site, 'dynamic'),
      text: await addAsking(site, 'text'),
      web: await addAccount(world.site('web'), 'web', { totp: true }),
    }
  })
  afterAll(() => world[Symbol.asyncDispose]())

  async function configure(slug: string, settings: Readonly<Record<string, unknown>>): Promise<void> {
    await world.stack.platform.call('PATCH', `/platform/tenants/${world.site(slug).tenantId}`, { settings })
  }

  async function addAccount(
    site: Site,
    username: string,
    { totp = false, flavour }: { totp?: boolean; flavour?: 'modern' | 'legacy' } = {},
  ): Promise<Account> {
    const member = await site.addMember(username, { totp })
    return { member, device: await member.client.enrolDevice('phone', undefined, flavour) }
  }

  async function addAsking(site: Site, username: string): Promise<Account> {
    const { member, device } = await addAccount(site, username, { totp: true })
    return { member, device: { ...device, profile: withoutOption(device.profile, 'static-challenge') } }
  }

  function start({ member, device }: Account, options: Partial<Core3Options> = {}): Promise<Core3Client> {
    const { username, password } = member
    return Core3Client.start({ namespace: host, profile: device.profile, username, password, ...options })
  }

  async function codeOf({ totp }: Member): Promise<string> {
    if (totp === undefined) throw new TypeError('the member has no second factor')
    return totp.device.code()
  }

  async function expectTraffic(slug: string): Promise<void> {
    expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain(`<h1>${slug}</h1>`)
    expect(await fetchPage(host, PRIVATE_HOST.ipv6)).toContain(`<h1>${slug}</h1>`)
    // Of what is longer than its limit over TCP it lets its own host know first, by ICMP.
    expect(await ping(host, PRIVATE_HOST.ipv4, { payloadBytes: 1_300 })).toEqual({ sent: 3, received: 3 })
  }

  describe.each([
    ['udp', 4],
    ['udp', 6],
    ['tcp', 4],
    ['tcp', 6],
  ] as const)('over %s and IPv%d', (transport, family) => {
    it.each([
      ['tls-crypt-v2', 'tenant-a', 'modern'],
      ['tls-crypt', 'static-crypt', 'legacy'],
      ['tls-auth', 'static-auth', 'legacy'],
    ] as const)('connects with %s', async (wrapping, slug, flavour) => {
      const account = await addAccount(world.site(slug), `${transport}${String(family)}`, { flavour })
      const profile = withRemote(account.device.profile, listenerOf(world, transport, family))
      expect(profile).toContain(`\n<${wrapping}>\n`)
      await using client = await start(account, { profile })
      await client.waitForConnected()
      await expectTraffic(slug)
    })
  })

  it('is told to use everything that it announces', async () => {
    await using client = await start(await addAccount(world.site('tenant-a'), 'able'))
    await client.waitForConnected()
    const flags = client.lines.find((line) => line.includes('[protocol-flags]'))?.match(/[a-z-]+(?=\])/g) ?? []
    expect(flags.slice(1)).toEqual(PROTOCOL_FLAGS)
  })

  it.each(['comp-lzo', 'comp-lzo no', 'compress'])('is served with %s, without compression', async (option) => {
    const account = await addAccount(world.site('tenant-a'), option.replace(' ', '-'))
    await using client = await start(account, { profile: `${option}\n${account.device.profile}` })
    await client.waitForConnected()
    await expectTraffic('tenant-a')
  })

  it('answers a static challenge', async () => {
    await using client = await start(asked.fixed, { response: await codeOf(asked.fixed.member) })
    await client.waitForConnected()
    await expectTraffic('tenant-a')
  })

  it('comes back with the answer to a dynamic challenge', async () => {
    const dynamicChallenge = await firstAnswer()
    const response = await codeOf(asked.dynamic.member)
    await using client = await start(asked.dynamic, { dynamicChallenge, response })
    await client.waitForConnected()
    await expectTraffic('tenant-a')
  })

  async function firstAnswer(): Promise<string> {
    await using client = await start(asked.dynamic)
    const event = await client.waitFor(/EVENT: DYNAMIC_CHALLENGE /)
    return /(CRV1:\S.*?)(?: \[.*\])?$/.exec(event)?.[1] ?? ''
  }

  it.runIf(WAITS_FOR_USERS)('answers a text challenge while it waits', async () => {
    const typed = await codeOf(asked.text.member)
    await using client = await start(asked.text, { signOn: { methods: 'crtext', typed } })
    await client.waitFor(/EVENT: INFO CR_TEXT:/)
    await client.waitForConnected()
    await expectTraffic('tenant-a')
  })

  it.runIf(WAITS_FOR_USERS)('waits until its user has approved it in the browser', async () => {
    const { member } = asked.web
    await using client = await start(asked.web, { signOn: { methods: 'webauth' } })
    const event = await client.waitFor(/EVENT: INFO WEB_AUTH:/)
    const state = /\/connect\/([\w-]+)/.exec(event)?.[1] ?? ''
    const { username, password } = member
    await member.client.signIn({ tenant: 'web', username, password, otp: await codeOf(member) })
    await member.client.api.call('POST', `/connect/${state}/approve`)
    await client.waitForConnected(60_000)
    await expectTraffic('web')
  })

  it('renegotiates without a gap', async () => {
    const account = await addAccount(world.site('tenant-a'), 'often')
    await using client = await start(account, { profile: `${account.device.profile}reneg-sec 10\n` })
    await client.waitForConnected()
    await using train = new PingTrain(host, PRIVATE_HOST.ipv4)
    const firstMs = await train.nextAnswer(5_000)
    const mark = client.mark
    await delay(45_000)
    expect(client.lines.slice(mark).filter((line) => line.includes('SSL Handshake')).length).toBeGreaterThanOrEqual(2)
    expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  })

  it('connects in less than 30 s and renegotiates where 30 % is lost each way, repeated and reordered', async () => {
    const node = listenerOf(world, 'udp', 4)
    const bad = { seed: 1, loss: 0.3, duplication: 0.1, reordering: 0.2, heldBackMs: 40 }
    await using link = await ImpairedLink.create(node.host, node, bad)
    const account = await addAccount(world.site('tenant-a'), 'lossy')
    const profile = withRemote(`${account.device.profile}reneg-sec 10\n`, { ...node, port: link.port })
    await using client = await start(account, { profile })
    await client.waitForConnected(30_000)
    await client.waitFor(/SSL Handshake/, 60_000, client.mark)
    expect(link.tally.lost).toBeGreaterThan(5)
  })

  it('goes on within a second when its address and port change', async () => {
    await using nat = await NatRouter.create(world, 'roamer')
    const account = await addAccount(world.site('tenant-a'), 'roamer')
    const profile = withRemote(account.device.profile, listenerOf(world, 'udp', 4))
    await using client = await start(account, { namespace: nat.client, profile })
    await client.waitForConnected()
    await using train = new PingTrain(nat.client, PRIVATE_HOST.ipv4)
    const firstMs = await train.nextAnswer(5_000)
    const floats = await world.metrics.growth('node_floats_total', 'moved', async () => {
      await nat.rebind()
      await delay(2_000)
    })
    expect(floats).toBe(1)
    await train.nextAnswer(5_000)
    expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  })

  it('takes more routes than one message holds', async () => {
    await changeRoutes(world.site('static-crypt'), MANY_ROUTES)
    const account = await addAccount(world.site('static-crypt'), 'traveller', { flavour: 'legacy' })
    await using client = await start(account)
    await client.waitForConnected()
    const table = await host.exec('ip', '-4', 'route', 'show')
    for (const route of MANY_ROUTES) expect(table).toContain(`${route} `)
    await expectTraffic('static-crypt')
  })

  it('takes a change of its network while it is connected, or else with its next connection', async () => {
    const account = await addAccount(world.site('tenant-a'), 'changed')
    await using client = await start(account)
    await client.waitForConnected()
    const mark = client.mark
    await changeRoutes(world.site('tenant-a'), [NEW_ROUTE])
    await delay(3_000)
    if (!IS_UPDATABLE) {
      client.reconnect()
      await client.waitForConnected(30_000, mark)
    }
    expect(await host.exec('ip', '-4', 'route', 'show')).toContain(`${NEW_ROUTE} `)
    expect(client.lines.slice(mark).some((line) => line.includes('EVENT: RECONNECTING'))).toBe(!IS_UPDATABLE)
    await expectTraffic('tenant-a')
  })

  it('is sent elsewhere when the node is drained, and comes back with its token', async () => {
    const account = await addAccount(world.site('tenant-a'), 'drained')
    await using client = await start(account)
    await client.waitForConnected()
    const mark = client.mark
    await orderNode(world, 'drain')
    await client.waitFor(/EVENT: RECONNECTING/, 10_000, mark)
    await orderNode(world, 'resume')
    await client.waitForConnected(60_000, mark)
    expect(client.lines.slice(mark).join('\n')).toMatch(/Creds: .*Session/)
    await expectTraffic('tenant-a')
  })

  it('is halted when an administrator ends the connection', async () => {
    const account = await addAccount(world.site('tenant-a'), 'halted')
    await using client = await start(account)
    await client.waitForConnected()
    await endConnection(world.site('tenant-a'), account.device)
    expect(await client.waitFor(/EVENT: CLIENT_HALT/, 10_000)).toContain('This connection was ended')
  })
})
