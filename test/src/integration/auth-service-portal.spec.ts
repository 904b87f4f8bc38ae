import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { EnrolmentClient } from '@sallyport/local-services'
import { decodeMetadata, nodeCryptoSuite, parseClientKeyFile, unwrapClientKey } from '@sallyport/openvpn-wire'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolDevice, enrolTotp, PASSWORD, type TestTenant } from './auth-service-harness.ts'
import { listItems } from './list-items.ts'

let harness: AuthServiceHarness
let acme: TestTenant
let rival: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  acme = await harness.tenant('acme')
  rival = await harness.tenant('rival')
})

afterAll(() => harness[Symbol.asyncDispose]())

function signIn(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

const get = (path: string, cookie = ''): Promise<Response> =>
  fetch(`${harness.publicUrl}/api/v1${path}`, { headers: { cookie } })
const cookieOf = (response: Response): string => response.headers.getSetCookie()[0]?.split(';', 1)[0] ?? ''

it('answers the same to a wrong password, an unknown user and an unknown organisation', async () => {
  const attempts = [
    { tenant: 'acme', username: 'admin', password: 'wrong' },
    { tenant: 'acme', username: 'nobody', password: 'wrong' },
    { tenant: 'nowhere', username: 'admin', password: 'wrong' },
  ]
  const answers = await Promise.all(attempts.map(async (body) => (await signIn(body)).text()))
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toContain('sign-in-failed')
})

it('closes everything to those who are not signed in, and the operator’s calls to all but the operator', async () => {
  for (const path of ['/me', '/users', '/networks', '/devices', '/connections'])
    expect((await get(path)).status, path).toBe(401)
  for (const path of ['/platform/tenants', '/platform/services']) expect((await get(path)).status, path).toBe(401)
  await expect(acme.client.api.call('GET', '/platform/tenants')).rejects.toMatchObject({ code: 'not-operator' })
})

it('names the fields that are missing, and refuses what is too large or no JSON', async () => {
  const missing = await signIn({ tenant: 'acme' })
  expect(missing.status).toBe(400)
  const refusal = await missing.text()
  expect(refusal).toContain('"code":"bad-request"')
  expect(refusal).toContain('"path":"username"')
  expect((await signIn({ tenant: 'x'.repeat(70_000) })).status).toBe(413)
  const broken = await fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{',
  })
  expect(broken.status).toBe(400)
  expect(await broken.json()).toMatchObject({ code: 'bad-request' })
})

it('starts a session under a fresh id in an HttpOnly cookie, and ends it in the store', async () => {
  const first = await signIn({ tenant: 'acme', username: 'Admin', password: PASSWORD })
  expect(first.status).toBe(200)
  expect(first.headers.getSetCookie()[0]).toMatch(/sallyport_session=.*; Path=\/api; HttpOnly; SameSite=Strict/)
  const planted = cookieOf(first)
  const second = await signIn({ tenant: 'acme', username: 'admin', password: PASSWORD }, { cookie: planted })
  const cookie = cookieOf(second)
  expect(cookie).not.toBe(planted)
  expect((await get('/me', planted)).status).toBe(401)
  expect(await (await get('/me', cookie)).json()).toMatchObject({
    user: { username: 'admin' },
    tenant: { slug: 'acme' },
  })

  const out = await fetch(`${harness.publicUrl}/api/v1/sign-out`, { method: 'POST', headers: { cookie } })
  expect(out.status).toBe(204)
  expect((await get('/me', cookie)).status).toBe(401)
})

it('lets a one-time password do nothing but be changed, and ends other sessions by the change', async () => {
  const created = await acme.client.api.call('POST', '/users', { username: 'newcomer' })
  const { oneTimePassword } = created as { oneTimePassword: string }
  const [here, elsewhere] = [new EnrolmentClient(harness.publicUrl), new EnrolmentClient(harness.publicUrl)]
  for (const client of [here, elsewhere]) {
    const state = await client.signIn({ tenant: 'acme', username: 'newcomer', password: oneTimePassword })
    expect(state).toEqual({ mustChangePassword: true, factorRequired: true, factorEnrolled: false })
  }
  await expect(here.api.call('GET', '/devices')).rejects.toMatchObject({ code: 'password-change-required' })
  await expect(here.beginTotp()).rejects.toMatchObject({ code: 'password-change-required' })
  await expect(here.changePassword('not it', PASSWORD)).rejects.toMatchObject({ code: 'wrong-password' })
  await expect(here.changePassword(oneTimePassword, 'newcomer')).rejects.toMatchObject({ code: 'weak-password' })
  await here.changePassword(oneTimePassword, PASSWORD)
  await expect(here.api.call('GET', '/devices')).rejects.toMatchObject({ code: 'enrolment-required' })
  await expect(elsewhere.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
})

it('enrols a second factor once, and then asks for it; a code counts once', async () => {
  const user = await harness.user(acme, 'careful', { totp: true })
  await expect(user.client.enrolDevice('Laptop')).rejects.toMatchObject({ code: 'enrolment-required' })
  const { uri } = await user.client.beginTotp()
  expect(uri).toMatch(/^otpauth:\/\/totp\/.*secret=/)
  await expect(user.client.confirmTotp('123')).rejects.toMatchObject({ code: 'wrong-otp' })
  const codes = await enrolTotp(user)
  await expect(user.client.beginTotp()).rejects.toMatchObject({ code: 'totp-already-enrolled' })

  const fresh = new EnrolmentClient(harness.publicUrl)
  const credentials = { tenant: 'acme', username: 'careful', password: PASSWORD }
  await expect(fresh.signIn(credentials)).rejects.toMatchObject({ status: 401, code: 'otp-required' })
  const otp = codes.next()
  expect(await fresh.signIn({ ...credentials, otp })).toMatchObject({ factorEnrolled: true })
  await expect(fresh.signIn({ ...credentials, otp })).rejects.toMatchObject({ code: 'wrong-otp' })

  await acme.client.api.call('POST', `/users/${user.userId}/reset-factors`)
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  expect(await fresh.signIn(credentials)).toMatchObject({ factorEnrolled: false })
})

it('makes people wait after many wrong passwords', async () => {
  await harness.user(acme, 'target', { totp: false })
  const statuses: number[] = []
  for (let guess = 0; guess < 8; guess += 1) {
    const answer = await signIn({ tenant: 'acme', username: 'target', password: `guess ${String(guess)}` })
    statuses.push(answer.status)
    expect(answer.headers.get('retry-after')).toEqual(answer.status === 429 ? expect.stringMatching(/^\d+$/) : null)
  }
  expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
  expect(statuses).toContain(429)
})

it('writes a profile that OpenVPN reads, with a key that names tenant and device', async () => {
  const user = await harness.user(acme, 'traveller', { totp: false })
  const device = await enrolDevice(user, 'Laptop (old)')
  const lines = device.profile.split('\n')
  expect(lines).toEqual(
    expect.arrayContaining([
      'client',
      'remote vpn.example.com 1194 udp',
      'remote 192.0.2.1 443 udp',
      'server-poll-timeout 4',
      'verify-x509-name acme.vpn.sallyport.internal name',
      'auth-user-pass',
      'setenv FRIENDLY_NAME "Tenant acme"',
    ]),
  )
  expect(lines.every((line) => Buffer.byteLength(line) < 256)).toBe(true)

  const keyOf = (profile: string): string => /<tls-crypt-v2>\n([^<]*)<\/tls-crypt-v2>/.exec(profile)?.[1] ?? ''
  const again = await user.client.api.call('POST', `/devices/${device.deviceId}/profile`)
  expect(again).not.toContain('<key>')
  expect(keyOf(String(again))).not.toBe(keyOf(device.profile))
  const node = await harness.enrol('vpn-node', 'profile-reader')
  const serverKey = node.nodeSecrets?.tlsCryptV2ServerKey.reveal() ?? new Uint8Array()
  const wrapped = parseClientKeyFile(keyOf(String(again)))?.wrappedKey ?? new Uint8Array()
  const metadata = unwrapClientKey(nodeCryptoSuite, serverKey, wrapped)?.metadata
  expect(metadata && decodeMetadata(metadata)).toEqual({ tenantId: acme.tenantId, deviceId: device.deviceId })
  expectOpenVpnReads(device.profile)
})

it.each(['tls-auth', 'tls-crypt'])(
  'writes a profile for old clients that OpenVPN reads, with %s',
  async (legacyClients) => {
    const user = await harness.user(acme, `old-${legacyClients}`, { totp: false })
    await harness.operator.call('PATCH', `/platform/tenants/${acme.tenantId}`, { settings: { legacyClients } })
    const device = await enrolDevice(user, 'Old laptop')
    const path = `/devices/${device.deviceId}/profile`
    const profile = String(await user.client.api.call('POST', path, { flavour: 'legacy' }))
    expect(profile).toMatch(/^# Sallyport profile, flavour "legacy"/)
    const privateKey = /<key>[^]*<\/key>\n/.exec(device.profile)?.[0] ?? ''
    expectOpenVpnReads(profile + privateKey)
  },
)

/** Lets the real client read the profile up to the point where it would ask for the password. */
function expectOpenVpnReads(profile: string): void {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-profile-'))
  try {
    const file = join(folder, 'client.ovpn')
    writeFileSync(file, `${profile}\nmanagement-query-passwords\nmanagement 127.0.0.1 1\n`)
    const run = spawnSync('openvpn', ['--config', file, '--dev', 'null', '--verb', '3'], {
      timeout: 3000,
      encoding: 'utf8',
    })
    if (run.error !== undefined && 'code' in run.error && run.error.code === 'ENOENT') return
    expect(run.stdout).not.toMatch(/Options error|Unrecognized option|Cannot load/)
    expect(run.stdout).toMatch(/OpenVPN 2\./)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

it('refuses a bad request for a certificate and names that cannot be written', async () => {
  const user = await harness.user(acme, 'clumsy', { totp: false })
  await expect(user.client.api.call('POST', '/devices', { name: 'x', csr: 'no' })).rejects.toMatchObject({
    code: 'bad-csr',
  })
  const injected = { name: 'x"\nup /bin/sh', csr: 'no' }
  await expect(user.client.api.call('POST', '/devices', injected)).rejects.toMatchObject({ code: 'bad-request' })
})

it('hides users, devices, networks and connections of another tenant', async () => {
  const user = await harness.user(acme, 'hidden', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const networks = await listItems(acme.client.api, '/networks')
  const network = String(networks[0]?.['networkId'])
  const { api } = rival.client
  const calls = [
    ['PATCH', `/users/${user.userId}`, { disabled: true }],
    ['POST', `/users/${user.userId}/reset-password`],
    ['POST', `/users/${user.userId}/reset-factors`],
    ['POST', `/devices/${device.deviceId}/profile`],
    ['DELETE', `/devices/${device.deviceId}`],
    ['PATCH', `/networks/${network}`, { routes: [] }],
    ['DELETE', `/connections/${device.deviceId}`],
    ['POST', `/connections/${device.deviceId}/captures`, { side: 'inner' }],
    ['PATCH', '/users/not-an-id', { disabled: true }],
  ] as const
  for (const [method, path, body] of calls) {
    await expect(api.call(method, path, body), path).rejects.toMatchObject({ status: 404, code: 'not-found' })
  }
  expect(await api.call('GET', '/devices')).toMatchObject({ items: [] })
  await expect(api.call('POST', '/devices', { name: 'x', csr: 'x', networkId: network })).rejects.toBeDefined()
})

it('keeps administration from users, and their devices from each other', async () => {
  const [one, other] = [
    await harness.user(acme, 'one', { totp: false }),
    await harness.user(acme, 'other', { totp: false }),
  ]
  const device = await enrolDevice(one, 'Laptop')
  await expect(other.client.api.call('GET', '/users')).rejects.toMatchObject({ status: 403, code: 'not-allowed' })
  await expect(other.client.api.call('DELETE', `/devices/${device.deviceId}`)).rejects.toMatchObject({ status: 404 })
  expect(await other.client.api.call('GET', '/devices')).toMatchObject({ items: [] })
  const { items } = (await acme.client.api.call('GET', '/devices')) as { items: object[] }
  expect(items).toEqual(
    expect.arrayContaining([expect.objectContaining({ deviceId: device.deviceId, username: 'one' })]),
  )
})

it('refuses networks that overlap, that are written wrongly, or that addresses cannot be leased from', async () => {
  const { api } = acme.client
  const create = (network: object) => api.call('POST', '/networks', { name: 'second', ...network })
  await expect(create({ ipv4: '10.8.0.128/25' })).rejects.toMatchObject({ code: 'network-overlap' })
  await expect(create({ ipv4: '10.9.0.1/24' })).rejects.toMatchObject({ code: 'bad-request' })
  await expect(create({ ipv4: '10.9.0.0/31' })).rejects.toMatchObject({ code: 'bad-request' })
  await expect(create({ ipv4: '10.9.0.0/24', ipv6: 'fd00::/125' })).rejects.toMatchObject({ code: 'bad-request' })
  await expect(create({ name: 'main', ipv4: '10.9.0.0/24' })).rejects.toMatchObject({ code: 'name-taken' })
  expect(await create({ ipv4: '10.9.0.0/24', ipv6: 'FD00:9::/112' })).toMatchObject({ ipv6: 'fd00:9::/112' })
})

it('disables and enables, but never oneself', async () => {
  const user = await harness.user(acme, 'leaver', { totp: false })
  const { api } = acme.client
  await api.call('PATCH', `/users/${user.userId}`, { disabled: true })
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  const attempt = new EnrolmentClient(harness.publicUrl).signIn({
    tenant: 'acme',
    username: 'leaver',
    password: PASSWORD,
  })
  await expect(attempt).rejects.toMatchObject({ code: 'sign-in-failed' })
  const me = (await api.call('GET', '/me')) as { user: { userId: string } }
  await expect(api.call('PATCH', `/users/${me.user.userId}`, { disabled: true })).rejects.toMatchObject({
    code: 'own-account',
  })
  await expect(api.call('POST', '/users', { username: 'LEAVER' })).rejects.toMatchObject({ code: 'username-taken' })
})

it('describes every call of the API, and sends security headers', async () => {
  const document = (await (await fetch(`${harness.publicUrl}/api/openapi.json`)).json()) as {
    paths: Record<string, object>
  }
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      '/api/v1/sign-in',
      '/api/v1/me/totp/confirm',
      '/api/v1/devices/{id}/profile',
      '/api/v1/platform/join-tokens',
      '/api/v1/platform/services/{id}/revoke',
    ]),
  )
  expect(JSON.stringify(document.paths['/api/v1/sign-in'])).toContain('"password"')
  for (const path of ['/api/v1/platform/tenants', '/api/v1/platform/tenants/{id}'])
    expect(JSON.stringify(document.paths[path])).toContain('"namespaces":{')
  const health = await fetch(`${harness.publicUrl}/health/ready`)
  expect(health.headers.get('x-content-type-options')).toBe('nosniff')
  expect(health.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect((await fetch(`${harness.publicUrl}/api/docs`)).status).toBe(200)
})

it('keeps accounts and sessions over a restart', async () => {
  await harness.restart()
  expect(await acme.client.api.call('GET', '/me')).toMatchObject({ user: { username: 'admin' } })
})
