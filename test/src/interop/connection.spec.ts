import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:https'
import { join } from 'node:path'

import { type Namespace, sha256OfBytes, ThrowawayCa } from '@sallyport/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { withRemote } from './client-profile.ts'
import { addAccount, admitClient, CLIENT } from './client-under-test.ts'
import { listenerOf } from './node-listener.ts'
import { changeRoutes } from './orders.ts'
import { PRIVATE_HOST, type Site } from './site.ts'
import { download, fetchPage, ping } from './traffic.ts'
import { World } from './world.ts'

const BYTES = 3_000_000
const MANY_ROUTES = Array.from({ length: 60 }, (_, index) => `10.99.${String(index)}.0/24`)
const PORTAL = 'portal.test'

const parts = new AsyncDisposableStack()
let world: World
let host: Namespace
let otherHost: Namespace
let portal: { ca: ThrowawayCa; server: Server }

beforeAll(async () => {
  portal = await startPortal()
  parts.defer(() => stop(portal.server))
  world = parts.use(
    await World.create({
      sites: [{ slug: 'tenant-a' }, { slug: 'static-crypt' }, { slug: 'static-auth' }],
      listen: ({ ipv4, ipv6 }) => `udp:${ipv4}:0,udp:[${ipv6}]:0,tcp:${ipv4}:0,tcp:[${ipv6}]:0`,
      nodeTcpShare: `127.0.0.1:${String(portOf(portal.server))}`,
    }),
  )
  host = await world.addHost('client-a')
  otherHost = await world.addHost('client-b')
  await admitClient(world)
  await allowLegacy(world.site('static-crypt'), 'tls-crypt')
  await allowLegacy(world.site('static-auth'), 'tls-auth')
})
afterAll(() => parts.disposeAsync())

async function allowLegacy({ tenantId }: Site, legacyClients: 'tls-crypt' | 'tls-auth'): Promise<void> {
  await world.stack.platform.call('PATCH', `/platform/tenants/${tenantId}`, { settings: { legacyClients } })
}

/** A web server that shares the node's TCP port. */
async function startPortal(): Promise<{ ca: ThrowawayCa; server: Server }> {
  const ca = await ThrowawayCa.create()
  const { certificatePem, privateKeyPem } = await ca.issue({ commonName: PORTAL, hosts: [PORTAL] })
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (_request, response) => {
    response.end('<h1>portal</h1>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { ca, server }
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections()
  const closed = once(server, 'close')
  server.close()
  await closed
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on no port')
  return address.port
}

/** Reaches the private host by both families, and downloads without a fault. */
async function expectTraffic(from: Namespace, slug: string): Promise<void> {
  expect(await fetchPage(from, PRIVATE_HOST.ipv4)).toContain(`<h1>${slug}</h1>`)
  expect(await fetchPage(from, PRIVATE_HOST.ipv6)).toContain(`<h1>${slug}</h1>`)
  expect(await download(from, PRIVATE_HOST.ipv4, BYTES)).toBe(sha256OfBytes(BYTES))
  expect(await ping(from, PRIVATE_HOST.ipv4, { payloadBytes: 1400 })).toEqual({ sent: 3, received: 3 })
}

describe.each([
  ['udp', 4],
  ['udp', 6],
  ['tcp', 4],
  ['tcp', 6],
] as const)('over %s and IPv%d', (transport, family) => {
  const name = `${transport}${String(family)}`

  it('connects and carries traffic', async () => {
    const account = await addAccount(world.site('tenant-a'), name)
    const profile = withRemote(account.device.profile, listenerOf(world, transport, family))
    await using client = await world.startClient(host, account, { profile })
    const { remote } = await client.waitForConnected()
    expect(remote).toBe(
      `${listenerOf(world, transport, family).host}:${String(listenerOf(world, transport, family).port)}`,
    )
    await expectTraffic(host, 'tenant-a')
  })

  it.each([
    ['tls-crypt', 'static-crypt'],
    ['tls-auth', 'static-auth'],
  ] as const)('connects with the static key of %s', async (mode, slug) => {
    const account = await addAccount(world.site(slug), name, { flavour: 'legacy' })
    const profile = withRemote(account.device.profile, listenerOf(world, transport, family))
    expect(profile).toContain(`\n<${mode}>\n`)
    await using client = await world.startClient(host, account, { profile })
    await client.waitForConnected()
    await expectTraffic(host, slug)
  })
})

it('is told to use everything that it announces', async () => {
  const account = await addAccount(world.site('tenant-a'), 'able')
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  const pushed = client.events.filter((event) => event.includes('PUSH: Received control message')).join()
  const flags = /,protocol-flags ([a-z -]+)/.exec(pushed)?.[1]?.split(' ') ?? []
  expect(flags).toEqual(CLIENT.protocolFlags)
})

it('serves clients of several listeners at once', async () => {
  const [first, second] = [
    await addAccount(world.site('tenant-a'), 'by-udp'),
    await addAccount(world.site('tenant-a'), 'by-tcp'),
  ]
  const profiles = [
    withRemote(first.device.profile, listenerOf(world, 'udp', 6)),
    withRemote(second.device.profile, listenerOf(world, 'tcp', 4)),
  ] as const
  await using overUdp = await world.startClient(host, first, { profile: profiles[0] })
  await using overTcp = await world.startClient(otherHost, second, { profile: profiles[1] })
  const [one, other] = await Promise.all([overUdp.waitForConnected(), overTcp.waitForConnected()])
  expect(one.ipv4).not.toBe(other.ipv4)
  await Promise.all([expectTraffic(host, 'tenant-a'), expectTraffic(otherHost, 'tenant-a')])
})

it('takes its own listeners into profiles, UDP first', async () => {
  const { device } = await addAccount(world.site('tenant-a'), 'reader')
  const lines = device.profile.split('\n').filter((line) => line.startsWith('remote '))
  expect(lines.map((line) => line.split(' ')[3])).toEqual(['udp', 'udp', 'tcp', 'tcp'])
})

it('passes a web browser on the TCP port to the web server while a client uses it', async () => {
  const account = await addAccount(world.site('tenant-a'), 'neighbour')
  const { host: address, port } = listenerOf(world, 'tcp', 4)
  const profile = withRemote(account.device.profile, listenerOf(world, 'tcp', 4))
  await using client = await world.startClient(host, account, { profile })
  await client.waitForConnected()
  const caFile = join(world.dataDirectory, 'portal-ca.pem')
  await writeFile(caFile, portal.ca.certificatePem)
  const place = `${PORTAL}:${String(port)}`
  const trusting = ['--cacert', caFile, '--resolve', `${place}:${address}`]
  const page = await otherHost.exec('curl', '-sS', '--fail', '-m', '5', ...trusting, `https://${place}/`)
  expect(page).toBe('<h1>portal</h1>')
  await expectTraffic(host, 'tenant-a')
})

it.each(CLIENT.dataCiphers)('uses %s when the client offers nothing else', async (cipher) => {
  const account = await addAccount(world.site('tenant-a'), cipher.toLowerCase())
  const profile = withoutCiphers(account.device.profile)
  const extraArgs = ['--cipher', cipher, CLIENT.ciphersOption, cipher]
  await using client = await world.startClient(host, account, { profile, extraArgs })
  await client.waitForConnected()
  await client.waitForEvent(new RegExp(`Data Channel.*[Cc]ipher '${cipher}'`), 5_000)
  await expectTraffic(host, 'tenant-a')
})

/** The profile without a word about data ciphers. */
function withoutCiphers(profile: string): string {
  return profile.replace(/^(cipher|setenv opt data-ciphers) .*\n/gm, '')
}

it('names the ciphers to a client that has none of them', async () => {
  const account = await addAccount(world.site('tenant-a'), 'cbc')
  const profile = withoutCiphers(account.device.profile)
  const extraArgs = ['--cipher', 'AES-256-CBC', CLIENT.ciphersOption, 'AES-256-CBC']
  await using client = await world.startClient(host, account, { profile, extraArgs })
  const sentence = await client.waitForFailure()
  expect(sentence).toMatch(/cipher/i)
  expect(sentence).toContain('AES-256-CBC')
  expect(sentence).toContain('AES-256-GCM')
})

it.each(['comp-lzo', 'comp-lzo no', 'compress'])('serves a profile with %s, without compression', async (option) => {
  const account = await addAccount(world.site('tenant-a'), option.replace(' ', '-'))
  const profile = `${option}\n${account.device.profile}`
  await using client = await world.startClient(host, account, { profile })
  await client.waitForConnected()
  await expectTraffic(host, 'tenant-a')
})

it('pushes more routes than one message holds', async () => {
  await changeRoutes(world.site('static-crypt'), MANY_ROUTES)
  const account = await addAccount(world.site('static-crypt'), 'traveller', { flavour: 'legacy' })
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  const messages = client.events.filter((event) => event.includes('PUSH: Received control message'))
  expect(messages.length).toBeGreaterThan(1)
  const table = await host.exec('ip', '-4', 'route', 'show', 'dev', 'tun0')
  for (const route of MANY_ROUTES) expect(table).toContain(`${route} `)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>static-crypt</h1>')
})

it('gives a legacy profile only where the tenant allows it, and says in it which clients it is for', async () => {
  const { device } = await addAccount(world.site('static-auth'), 'careful', { flavour: 'legacy' })
  const head = device.profile.split('\n').filter((line) => line.startsWith('#'))
  expect(head.join('\n')).toMatch(/legacy/i)
  expect(head.join('\n')).toContain('2.4')
  expect(device.profile).toMatch(/^key-direction 1$/m)
  if (CLIENT.flavour === 'legacy') return
  const member = await world.site('tenant-a').addMember('hasty')
  const asked = member.client.enrolDevice('old laptop', undefined, 'legacy')
  await expect(asked).rejects.toMatchObject({ code: 'legacy-clients-off' })
})
