import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { fieldOf, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { listItems } from './list-items.ts'
import { listen } from './order-listener.ts'

/** A PNG file of one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start({ VPN_REMOTES: 'vpn.example.com:443/tcp,vpn.example.com:1194/udp' })
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
})

afterAll(() => harness[Symbol.asyncDispose]())

/** What everybody is told, without the date. */
async function show(path: string): Promise<{ status: number; headers: object; text: string }> {
  const answer = await fetch(harness.publicUrl + path)
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => name !== 'date'))
  return { status: answer.status, headers, text: await answer.text() }
}

/** A picture of one pixel with a remark of this length. */
function pngOf(remarkBytes: number): Buffer {
  const remark = Buffer.concat([Buffer.from('tEXt'), randomBytes(remarkBytes)])
  const chunk = Buffer.alloc(remark.length + 8)
  chunk.writeUInt32BE(remarkBytes)
  remark.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(remark), chunk.length - 4)
  const behindHeader = 33
  return Buffer.concat([PIXEL.subarray(0, behindHeader), chunk, PIXEL.subarray(behindHeader)])
}

function change(settings: object): Promise<unknown> {
  return harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { settings })
}

async function grantOf(username: string) {
  const user = await harness.user(tenant, username, { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const answer = await node.authorise(authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD }))
  if (answer.decision !== 'allow') throw new Error(JSON.stringify(answer))
  return { grant: answer.grant, device }
}

it.each([
  { legacyClients: 'none' },
  { renegotiateSeconds: 9 },
  { keyLimitBytes: 1 },
  { keyLimitPackets: 2 ** 60 },
  { webSignIn: 'yes' },
])('refuses the settings %o', async (settings) => {
  await expect(change(settings)).rejects.toMatchObject({ status: 400, code: 'bad-request' })
})

it('changes what is named and leaves the rest, and tells nodes with the next grant', async () => {
  const changed = await change({ renegotiateSeconds: 600, keyLimitBytes: 2 ** 40, keyLimitPackets: 2 ** 31 })
  expect(changed).toMatchObject({
    settings: { renegotiateSeconds: 600, legacyClients: 'off', webSignIn: false },
  })
  const { grant, device } = await grantOf('alice')
  expect(grant).toMatchObject({ renegotiateAfterSeconds: 600, keyLimitBytes: 2 ** 40, keyLimitPackets: 2 ** 31 })
  expect(device.profile).toMatch(/^# Sallyport profile, flavour "modern"/)
  expect(device.profile.match(/^remote .*$/gm)).toEqual([
    'remote vpn.example.com 1194 udp',
    'remote vpn.example.com 443 tcp',
  ])
  await change({ keyLimitBytes: null, keyLimitPackets: null })
  expect((await grantOf('bob')).grant).toMatchObject({ keyLimitBytes: null, keyLimitPackets: null })
})

it('tells nodes at once what a network pushes, and refuses what a client could not read', async () => {
  const [network] = await listItems(tenant.client.api, '/networks')
  const path = `/networks/${String(network?.['networkId'])}`
  for (const bad of [
    { inactiveSeconds: 59 },
    { blockIpv6: 1 },
    { dnsResolveDomains: ['a b'] },
    { ipv4: '10.9.0.0/24' },
    { uploadKilobitsPerSecond: 0 },
    { downloadPacketsPerSecond: 1.5 },
  ])
    await expect(tenant.client.api.call('PATCH', path, bad)).rejects.toMatchObject({ status: 400 })
  await using orders = await listen(node.api)
  const options = {
    dnsResolveDomains: ['corp.example.com'],
    blockOutsideDns: true,
    blockIpv6: true,
    inactiveSeconds: 1800,
    uploadKilobitsPerSecond: 20_000,
    downloadPacketsPerSecond: 5_000,
  }
  expect(await tenant.client.api.call('PATCH', path, options)).toMatchObject(options)
  expect(await orders.next()).toMatchObject({
    type: 'policy-changed',
    network: { ...options, routes: ['10.20.0.0/16'] },
  })
  expect((await grantOf('carol')).grant.network).toMatchObject(options)
  await tenant.client.api.call('PATCH', path, { inactiveSeconds: null })
  expect((await grantOf('dave')).grant.network).toMatchObject({ ...options, inactiveSeconds: null })
})

it('looks as its administrators wish, for everybody, and like the product itself otherwise', async () => {
  const { api } = tenant.client
  const nothing = await show('/api/v1/branding/acme')
  expect(nothing).toEqual(await show('/api/v1/branding/nobody-has-this-name'))
  expect(JSON.parse(nothing.text)).toEqual({
    ...{ displayName: null, accentColour: null, accentTextColour: null },
    ...{ logoUrl: null, supportText: null, supportUrl: null },
  })
  const noLogo = await show('/api/v1/branding/acme/logo')
  expect([noLogo.status, noLogo]).toEqual([404, await show('/api/v1/branding/nobody-has-this-name/logo')])
  expect((await show('/api/v1/branding/a%00b')).status).toBe(400)

  const chosen = { displayName: 'Acme Works', accentColour: '#003366', supportUrl: 'mailto:help@example.com' }
  const logo = pngOf(60 * 1024)
  const changed = await api.call('PATCH', '/settings', { branding: { ...chosen, logo: logo.toString('base64') } })
  const branding = fieldOf(changed, 'branding')
  expect(branding).toMatchObject({ ...chosen, accentTextColour: '#ffffff', supportText: null })
  expect(changed).toMatchObject({ webSignIn: false })
  expect(JSON.parse((await show('/api/v1/branding/acme')).text)).toEqual(branding)

  await api.call('PATCH', '/settings', { branding: { supportText: 'Call 1234.' }, pingSeconds: 12 })
  const settings = await api.call('GET', '/settings')
  expect(settings).toMatchObject({ pingSeconds: 12, branding: { ...chosen, supportText: 'Call 1234.' } })
  const audit = JSON.stringify(await api.call('GET', '/audit?action=settings.change'))
  expect(audit).toContain('"branding":["displayName","accentColour","logo","supportUrl"]')
  expect(audit).not.toMatch(/Acme Works|Call 1234|iVBOR/)
})

it('serves a logo as nothing but a picture, and only once to who has it', async () => {
  const { api } = tenant.client
  const logo = pngOf(1024)
  const changed = await api.call('PATCH', '/settings', { branding: { logo: logo.toString('base64') } })
  const path = requiredText(fieldOf(changed, 'branding'), 'logoUrl')
  const answer = await fetch(harness.publicUrl + path)
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(logo)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'image/png',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; sandbox",
    'cache-control': 'public, max-age=3600',
  })
  const tag = answer.headers.get('etag') ?? ''
  const again = await fetch(harness.publicUrl + path, { headers: { 'if-none-match': `"other", W/${tag}` } })
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])

  for (const bad of ['<svg/>', `${logo.toString('latin1')}<script>`].map((text) => Buffer.from(text, 'latin1')))
    await expect(api.call('PATCH', '/settings', { branding: { logo: bad.toString('base64') } })).rejects.toMatchObject({
      status: 400,
    })
  const tooLong = { branding: { logo: 'A'.repeat(200_000) } }
  await expect(api.call('PATCH', '/settings', tooLong)).rejects.toMatchObject({ status: 413 })
  await expect(api.call('POST', '/groups', { name: 'x'.repeat(70_000) })).rejects.toMatchObject({ status: 413 })
  const other = pngOf(2048)
  const replaced = await api.call('PATCH', '/settings', { branding: { logo: other.toString('base64') } })
  expect(fieldOf(fieldOf(replaced, 'branding'), 'logoUrl')).not.toBe(path)
  expect(await api.call('PATCH', '/settings', { branding: { logo: null } })).toMatchObject({
    branding: { logoUrl: null, displayName: 'Acme Works' },
  })
  expect((await fetch(harness.publicUrl + path)).status).toBe(404)
})

it('describes all of it to those who write clients', async () => {
  const document = await (await fetch(`${harness.publicUrl}/api/openapi.json`)).text()
  for (const name of ['legacyClients', 'webSignIn', 'idleSeconds', 'dnsResolveDomains', 'flavour'])
    expect(document).toContain(`"${name}"`)
  expect(document).toContain('/api/v1/connect/{state}/approve')
  expect(document).not.toContain('"/connect/')
})
