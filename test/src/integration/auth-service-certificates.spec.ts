import { X509Certificate } from 'node:crypto'

import { serverCertificateResponse } from '@sallyport/contracts'
import { EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  type NodeClient,
  PASSWORD,
  type TestDevice,
  type TestTenant,
  type TestUser,
} from './auth-service-harness.ts'
import { blockOf, csrOf, deviceOf, OpensslVerifier, setPolicy, textOf } from './device-certificates.ts'
import { listen } from './order-listener.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant
/** Somebody who kept the profile of before the rollover. */
let stale: { readonly user: TestUser; readonly device: TestDevice }
const openssl = new OpensslVerifier()

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
  await setPolicy(tenant, { deviceCertificateDays: 30, deviceRenewalDays: 30 })
})

afterAll(async () => {
  openssl[Symbol.dispose]()
  await harness[Symbol.asyncDispose]()
})

const newUser = (name: string): Promise<TestUser> => harness.user(tenant, name, { totp: false })
const credential = { kind: 'password' as const, password: PASSWORD }
const decisionOf = (user: TestUser, device: TestDevice) => node.decision(authoriseRequestOf(user, device, credential))

async function renew(user: TestUser, device: TestDevice): Promise<TestDevice> {
  const answer = user.client.api.call('POST', `/devices/${device.deviceId}/renew`, { csr: await csrOf() })
  return deviceOf(await textOf(answer, 'profile'))
}

interface Authority {
  readonly authorityId: string
  readonly state: string
  readonly certificate: string
  readonly devices: number
  readonly devicesWithout: number
  readonly crlUrl: string
}

const authorities = async (): Promise<Authority[]> =>
  (await tenant.client.api.call('GET', '/authorities')) as Authority[]
const rollOver = async (path: string, body: object = {}): Promise<Authority> =>
  (await tenant.client.api.call('POST', `/authorities${path}`, body)) as Authority

/** What a node would show to clients of the tenant, and whose devices it would trust. */
async function serverCertificate(): Promise<{ certificate: string; tenantCa: string; authorityVersion: number }> {
  const body = { csr: await csrOf() }
  const path = `/node-api/v1/tenants/${tenant.tenantId}/server-certificate`
  return node.api.call({ method: 'POST', path, body, response: serverCertificateResponse })
}

async function revocationList(authority: Authority): Promise<Uint8Array> {
  const response = await fetch(authority.crlUrl)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/pkix-crl')
  return new Uint8Array(await response.arrayBuffer())
}

async function listedAs(authority: Authority, device: TestDevice): Promise<string> {
  return openssl.verdict(blockOf(device.profile, 'cert'), authority.certificate, await revocationList(authority))
}

it('renews a certificate and keeps the one before until the new one is used, which cuts the old connection', async () => {
  const user = await newUser('renata')
  const device = await enrolDevice(user, 'Laptop')
  const allowed = await node.authorise(authoriseRequestOf(user, device, credential))
  const connectionId = allowed.decision === 'allow' ? allowed.grant.connectionId : ''
  const token = allowed.decision === 'allow' ? allowed.grant.sessionToken : ''
  const renewed = await renew(user, device)
  expect(renewed.deviceId).toBe(device.deviceId)
  expect(await decisionOf(user, device)).toBe('allow')
  const withToken = { kind: 'session-token' as const, token }
  expect(await node.decision(authoriseRequestOf(user, device, withToken))).toBe('allow')

  await using orders = await listen(node.api)
  expect(await decisionOf(user, renewed)).toBe('allow')
  const ended: string[] = []
  for (let order = await orders.next(); ; order = await orders.next()) {
    expect(order).toMatchObject({ type: 'revoked', tenantId: tenant.tenantId, code: 'certificate-renewed' })
    if (order.type === 'revoked') ended.push(order.connectionId ?? '')
    if (ended.length === 3) break
  }
  expect(ended).toContain(connectionId)
  expect(await decisionOf(user, device)).toBe('certificate-mismatch')
  expect(await node.decision(authoriseRequestOf(user, renewed, withToken))).toBe('token-invalid')

  const [authority] = await authorities()
  if (authority === undefined) throw new Error('there is no authority')
  expect(await listedAs(authority, device)).toBe('certificate revoked')
  expect(await listedAs(authority, renewed)).toBe('OK')
})

it('renews once for one request, however often it comes, and once more for whoever lost the key', async () => {
  const user = await newUser('unlucky')
  const device = await enrolDevice(user, 'Laptop')
  const csr = await csrOf()
  const send = () => textOf(user.client.api.call('POST', `/devices/${device.deviceId}/renew`, { csr }), 'profile')
  const [renewed, again] = [deviceOf(await send()), deviceOf(await send())]
  expect(again.certificate).toEqual(renewed.certificate)
  await setPolicy(tenant, { deviceRenewalDays: 5 })
  const other = await renew(user, device)
  expect(other.certificate.sha256).not.toBe(renewed.certificate.sha256)
  const endOf = ({ profile }: TestDevice): string => new X509Certificate(blockOf(profile, 'cert')).validTo
  expect(endOf(other)).toBe(endOf(renewed))
  expect(await decisionOf(user, renewed)).toBe('certificate-mismatch')
  expect(await decisionOf(user, other)).toBe('allow')
  await expect(renew(user, device)).rejects.toMatchObject({ code: 'renewal-too-early' })
  await setPolicy(tenant, { deviceRenewalDays: 30 })
})

it('renews when the policy says so, and only own devices that are not revoked', async () => {
  const [user, other] = [await newUser('early'), await newUser('stranger')]
  const device = await enrolDevice(user, 'Laptop')
  await setPolicy(tenant, { deviceRenewalDays: 5 })
  const endsAtMs = Date.parse(new X509Certificate(blockOf(device.profile, 'cert')).validTo)
  const renewableFrom = new Date(endsAtMs - 5 * 86_400_000).toISOString()
  const listed = await user.client.api.call('GET', '/devices')
  expect(listed).toMatchObject({ items: [{ deviceId: device.deviceId, renewableFrom }] })
  const seen = await tenant.client.api.call('GET', `/devices?userId=${user.userId}`)
  expect(seen).toMatchObject({ items: [{ deviceId: device.deviceId, renewableFrom: null }] })
  await expect(renew(user, device)).rejects.toMatchObject({ status: 409, code: 'renewal-too-early' })
  await setPolicy(tenant, { deviceRenewalDays: 30 })
  await expect(renew(other, device)).rejects.toMatchObject({ status: 404 })
  await expect(renew({ ...user, client: tenant.client }, device)).rejects.toMatchObject({ status: 404 })
  await user.client.api.call('DELETE', `/devices/${device.deviceId}`)
  await expect(renew(user, device)).rejects.toMatchObject({ code: 'device-revoked' })
  for (const body of [{}, { csr: await csrOf(), key: 'server-made' }, { key: 'mine' }]) {
    const refused = user.client.api.call('POST', `/devices/${device.deviceId}/renew`, body)
    await expect(refused).rejects.toMatchObject({ code: 'bad-request' })
  }
})

it('revokes at once, on the nodes and in the list', async () => {
  const user = await newUser('revoked')
  const device = await enrolDevice(user, 'Phone')
  const [authority] = await authorities()
  if (authority === undefined) throw new Error('there is no authority')
  expect(await listedAs(authority, device)).toBe('OK')
  await using orders = await listen(node.api)
  await user.client.api.call('DELETE', `/devices/${device.deviceId}`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', deviceId: device.deviceId, code: 'device-revoked' })
  expect(await listedAs(authority, device)).toBe('certificate revoked')
  expect(await decisionOf(user, device)).toBe('device-revoked')
})

it('tells nothing about lists that are not there', async () => {
  const [authority] = await authorities()
  const url = authority?.crlUrl ?? ''
  const nobody = '00000000-0000-4000-8000-000000000000'
  for (const missing of [url.replace('/acme/', '/other/'), url.replace(/[^/]+\.crl$/, `${nobody}.crl`), `${url}x`]) {
    expect((await fetch(missing)).status).toBe(404)
  }
})

it('rolls the authority over without breaking a client', async () => {
  const user = await newUser('roller')
  const device = await enrolDevice(user, 'Laptop')
  stale = { user, device: await enrolDevice(user, 'Forgotten') }
  const [first] = await authorities()
  if (first === undefined) throw new Error('there is no authority')
  expect(first).toMatchObject({ state: 'active', devicesWithout: 0 })
  const before = await serverCertificate()

  await using orders = await listen(node.api)
  const second = await rollOver('')
  expect(second).toMatchObject({ state: 'prepared', devices: 0 })
  expect(await orders.next()).toMatchObject({
    type: 'tenant-authority-changed',
    tenantId: tenant.tenantId,
    authorityVersion: before.authorityVersion + 1,
  })
  await expect(rollOver('')).rejects.toMatchObject({ code: 'authority-prepared' })

  // Servers are signed by the old one; devices and profiles are ready for both.
  const prepared = await serverCertificate()
  expect(openssl.verdict(prepared.certificate, blockOf(device.profile, 'ca'))).toBe('OK')
  const moved = await renew(user, device)
  expect(openssl.verdict(prepared.certificate, blockOf(moved.profile, 'ca'))).toBe('OK')
  expect(openssl.verdict(blockOf(moved.profile, 'cert'), second.certificate)).toBe('OK')
  for (const { profile } of [device, moved])
    expect(openssl.verdict(blockOf(profile, 'cert'), prepared.tenantCa)).toBe('OK')

  // The devices of the tests before have profiles without the new authority.
  const activate = `/${second.authorityId}/activate`
  await expect(rollOver(activate)).rejects.toMatchObject({
    status: 409,
    code: 'devices-without-authority',
    message: matching(/^There are \d+ devices with a profile from before/),
  })
  const others = (await authorities())[0]?.devicesWithout ?? 0
  expect(await decisionOf(user, moved)).toBe('allow')
  expect((await authorities())[0]?.devicesWithout).toBe(others - 1)

  const active = await rollOver(activate, { force: true })
  expect(active.state).toBe('active')
  expect((await authorities()).map(({ state }) => state)).toEqual(['active', 'trusted'])
  const after = await serverCertificate()
  expect(after.authorityVersion).toBe(before.authorityVersion + 2)
  expect(openssl.verdict(after.certificate, blockOf(moved.profile, 'ca'))).toBe('OK')
  expect(openssl.verdict(after.certificate, blockOf(device.profile, 'ca'))).not.toBe('OK')
  expect(openssl.verdict(blockOf(device.profile, 'cert'), after.tenantCa)).toBe('OK')
  const fresh = await enrolDevice(user, 'New')
  expect(openssl.verdict(after.certificate, blockOf(fresh.profile, 'ca'))).toBe('OK')
  expect(blockOf(fresh.profile, 'ca').match(/BEGIN/g)).toHaveLength(1)
})

it('retires the old authority and cuts what depends on it', async () => {
  const [active, old] = await authorities()
  if (active === undefined || old === undefined) throw new Error('there are not two authorities')
  const user = await newUser('late')
  const device = await enrolDevice(user, 'Laptop')
  const [kept, cut] = [
    await node.authorise(authoriseRequestOf(user, device, credential)),
    await node.authorise(authoriseRequestOf(stale.user, stale.device, credential)),
  ]
  expect([kept.decision, cut.decision]).toEqual(['allow', 'allow'])
  await expect(rollOver(`/${active.authorityId}/retire`)).rejects.toMatchObject({ code: 'authority-state' })
  await expect(rollOver(`/${old.authorityId}/retire`)).rejects.toMatchObject({
    code: 'devices-of-authority',
    message: matching(/with a certificate of this authority/),
  })
  await using orders = await listen(node.api)
  await rollOver(`/${old.authorityId}/retire`, { force: true })
  expect(await orders.next()).toMatchObject({ type: 'tenant-authority-changed', tenantId: tenant.tenantId })
  const connections: unknown[] = []
  const live = cut.decision === 'allow' ? cut.grant.connectionId : ''
  while (!connections.includes(live)) {
    const order = await orders.next()
    expect(order).toMatchObject({ type: 'revoked', code: 'authority-retired' })
    connections.push(fieldOf(order, 'connectionId'))
  }
  expect(await decisionOf(stale.user, stale.device)).toBe('certificate-mismatch')
  const rescued = await renew(stale.user, stale.device)
  expect(await decisionOf(stale.user, stale.device)).toBe('certificate-mismatch')
  expect(await decisionOf(stale.user, rescued)).toBe('allow')
  expect((await serverCertificate()).tenantCa.match(/BEGIN/g)).toHaveLength(1)
  expect(await decisionOf(user, device)).toBe('allow')
  // A list of a retired authority is still there for who remembers it.
  await revocationList(old)
})

it('shows authorities to auditors, and lets them roll nothing over', async () => {
  const created = await tenant.client.api.call('POST', '/users', { username: 'auditor', role: 'auditor' })
  const auditor = new EnrolmentClient(harness.publicUrl)
  const oneTimePassword = requiredText(created, 'oneTimePassword')
  await auditor.signIn({ tenant: 'acme', username: 'auditor', password: oneTimePassword })
  await auditor.changePassword(oneTimePassword, PASSWORD)
  await enrolTotp({ client: auditor })
  expect(await auditor.api.call('GET', '/authorities')).toHaveLength(2)
  await expect(auditor.api.call('POST', '/authorities')).rejects.toMatchObject({ status: 403 })
  await expect((await newUser('plain')).client.api.call('GET', '/authorities')).rejects.toMatchObject({ status: 403 })
})
