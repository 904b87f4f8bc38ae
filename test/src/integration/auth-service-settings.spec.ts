import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { listen } from './order-listener.ts'

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start({ VPN_REMOTES: 'vpn.example.com:443/tcp,vpn.example.com:1194/udp' })
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
})

afterAll(() => harness[Symbol.asyncDispose]())

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
  const [network] = (await tenant.client.api.call('GET', '/networks')) as { networkId: string }[]
  const path = `/networks/${network?.networkId ?? ''}`
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

it('describes all of it to those who write clients', async () => {
  const document = await (await fetch(`${harness.publicUrl}/api/openapi.json`)).text()
  for (const name of ['legacyClients', 'webSignIn', 'idleSeconds', 'dnsResolveDomains', 'flavour'])
    expect(document).toContain(`"${name}"`)
  expect(document).toContain('/api/v1/connect/{state}/approve')
  expect(document).not.toContain('"/connect/')
})
