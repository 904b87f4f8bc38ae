import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import type { EnrolledDevice } from '@sallyport/local-services'
import { type Namespace, totpCode } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { withExpiredCertificate } from './expired-certificate.ts'
import { blockOf, withBlock, withoutOption } from './profile.ts'
import { type Member, PRIVATE_HOST } from './site.ts'
import { countDatagramsFrom, fetchPage, PingTrain } from './traffic.ts'
import { type ClientOptions, World } from './world.ts'

interface Account {
  readonly member: Member
  readonly device: EnrolledDevice
}

let world: World
let host: Namespace
let withTotp: Account

beforeAll(async () => {
  world = await World.create({
    sites: [{ slug: 'tenant-a' }, { slug: 'tenant-b' }, { slug: 'tenant-c', ipv4: '10.8.0.0/30' }],
  })
  host = await world.addHost('client')
  const member = await world.site('tenant-a').addMember('alice', { totp: true })
  withTotp = { member, device: await member.client.enrolDevice('laptop') }
})
afterAll(() => world[Symbol.asyncDispose]())

/** Tries to connect; gives the sentence that the client was told, and checks that the node counted the reason once. */
async function refusal(reason: string, account: Account, options: ClientOptions = {}): Promise<string> {
  let sentence = ''
  const counted = await world.metrics.growth('node_refusals_total', reason, async () => {
    await using client = await world.startClient(host, account, options)
    sentence = await client.waitForFailure()
  })
  expect(counted, `refusals counted as ${reason}`).toBe(1)
  return sentence
}

it('refuses a wrong password', async () => {
  const account = await world.site('tenant-a').addDevice('wrong-password')
  expect(await refusal('wrong-password', account, { password: 'not the password' })).toMatch(/password/i)
})

it('refuses a wrong one-time code', async () => {
  const right = totpCode(withTotp.member.totp?.secret ?? '', Date.now())
  const otp = (): Promise<string> => Promise.resolve(String((Number(right) + 500_000) % 1_000_000).padStart(6, '0'))
  expect(await refusal('wrong-otp', withTotp, { otp })).toMatch(/code/i)
})

it('refuses a connection without a one-time code', async () => {
  const profile = withoutOption(withTotp.device.profile, 'static-challenge')
  expect(await refusal('otp-required', withTotp, { profile })).toMatch(/code/i)
})

it('refuses the same one-time code a second time', async () => {
  const code = (await withTotp.member.totp?.device.code()) ?? ''
  const otp = (): Promise<string> => Promise.resolve(code)
  {
    await using client = await world.startClient(host, withTotp, { otp })
    await client.waitForConnected()
  }
  expect(await refusal('otp-reused', withTotp, { otp })).toMatch(/code/i)
})

it('refuses a disabled user, and ends what the user had', async () => {
  const account = await world.site('tenant-a').addDevice('disabled')
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  await using train = new PingTrain(host, PRIVATE_HOST.ipv4)
  await train.nextAnswer(5_000)
  await world.site('tenant-a').administrator.api.call('PATCH', `/users/${account.member.userId}`, { disabled: true })
  await expectSilence(train)
  await client.stop()
  expect(await refusal('user-disabled', account)).toMatch(/disabled/i)
})

it('cuts a revoked device off within two seconds, and refuses it from then on', async () => {
  const account = await world.site('tenant-a').addDevice('revoked')
  await using client = await world.startClient(host, account)
  await client.waitForConnected()
  await using train = new PingTrain(host, PRIVATE_HOST.ipv4)
  await train.nextAnswer(5_000)
  await account.member.client.api.call('DELETE', `/devices/${account.device.deviceId}`)
  await expectSilence(train)
  await client.stop()
  expect(await refusal('device-revoked', account)).toMatch(/revoked/i)
})

/** Nothing gets through from two seconds after this call on. */
async function expectSilence(train: PingTrain): Promise<void> {
  const revokedMs = Date.now()
  await delay(4_000)
  const last = Math.max(...train.answersMs)
  expect(last - revokedMs).toBeLessThan(2_000)
}

it("refuses another tenant's certificate with this tenant's tls-crypt-v2 key", async () => {
  const ours = await world.site('tenant-a').addDevice('ours')
  const theirs = await world.site('tenant-b').addDevice('theirs')
  const cert = blockOf(theirs.device.profile, 'cert')
  const key = blockOf(theirs.device.profile, 'key')
  const profile = withBlock(withBlock(ours.device.profile, 'cert', cert), 'key', key)
  expect(await refusal('certificate-untrusted', ours, { profile })).toMatch(/certificate/i)
})

it("refuses another device's certificate with this device's tls-crypt-v2 key", async () => {
  const ours = await world.site('tenant-a').addDevice('mixed')
  const other = await ours.member.client.enrolDevice('phone')
  const profile = withBlock(ours.device.profile, 'tls-crypt-v2', blockOf(other.profile, 'tls-crypt-v2'))
  expect(await refusal('certificate-mismatch', ours, { profile })).toMatch(/certificate/i)
})

it('refuses an expired certificate', async () => {
  const site = world.site('tenant-a')
  const account = await site.addDevice('expired')
  const profile = await withExpiredCertificate(world, site, account.device)
  expect(await refusal('certificate-expired', account, { profile })).toMatch(/expired/i)
})

it('does not answer a tls-crypt-v2 key that it does not know', async () => {
  const account = await world.site('tenant-a').addDevice('unknown-key')
  // A host of its own: sessions that were refused before linger, and repeat what their clients did not acknowledge.
  const stranger = await world.addHost('stranger')
  const answers = await countDatagramsFrom(world.stack.addresses.node.port, stranger)
  const drops = await world.metrics.growth('node_initial_drops_total', 'bad-wkc', async () => {
    const profile = withBlock(account.device.profile, 'tls-crypt-v2', await strangersKey())
    await using client = await world.startClient(stranger, account, { profile })
    await delay(6_000)
    expect(client.events.join('\n')).not.toContain('TLS: Initial packet')
  })
  expect(await answers()).toBe(0)
  expect(drops).toBeGreaterThanOrEqual(2)

  await using client = await world.startClient(stranger, account)
  await client.waitForConnected()
  expect(await answers()).toBeGreaterThan(0)
})

/** A client key that another server's key wrapped. */
async function strangersKey(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-key-'))
  try {
    const [serverKey, clientKey] = [join(directory, 'server'), join(directory, 'client')]
    await host.exec('openvpn', '--genkey', 'tls-crypt-v2-server', serverKey)
    const metadata = Buffer.concat([Buffer.of(1), randomBytes(32)]).toString('base64')
    await host.exec('openvpn', '--tls-crypt-v2', serverKey, '--genkey', 'tls-crypt-v2-client', clientKey, metadata)
    return (await readFile(clientKey, 'utf8')).trim()
  } finally {
    await rm(directory, { recursive: true })
  }
}

it('refuses for the time being when every address of the network is in use, and lets the next in afterwards', async () => {
  const other = await world.addHost('client-2')
  const first = await world.site('tenant-c').addDevice('first')
  const second = await world.site('tenant-c').addDevice('second')
  const client = await world.startClient(other, first)
  await client.waitForConnected()
  expect(await refusal('pool-full', second)).toMatch(/^TEMP\[.*\]:.*addresses/i)
  await client.stop()
  await using successor = await world.startClient(host, second)
  await successor.waitForConnected()
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-c</h1>')
})
