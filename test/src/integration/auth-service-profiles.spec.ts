import { createPrivateKey, X509Certificate } from 'node:crypto'

import { fieldOf, requiredText } from '@sallyport/local-services'
import pg from 'pg'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'

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
import { blockOf, csrOf, deviceOf, setPolicy, textOf } from './device-certificates.ts'
import { callRaw, sessionOf } from './raw-api.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
})

afterAll(() => harness[Symbol.asyncDispose]())

const newUser = (name: string): Promise<TestUser> => harness.user(tenant, name, { totp: false })
const credential = { kind: 'password' as const, password: PASSWORD }
const decisionOf = (user: TestUser, device: TestDevice) => node.decision(authoriseRequestOf(user, device, credential))

it('limits the devices of a user, and says what to do', async () => {
  const user = await newUser('collector')
  await setPolicy(tenant, { deviceLimit: 2 })
  const [first] = [await enrolDevice(user, 'One'), await enrolDevice(user, 'Two')]
  await expect(enrolDevice(user, 'Three')).rejects.toMatchObject({
    status: 409,
    code: 'too-many-devices',
    message: matching(/as many devices as your organisation allows: 2\. Please revoke one/),
  })
  await user.client.api.call('DELETE', `/devices/${first.deviceId}`)
  const both = await Promise.allSettled([enrolDevice(user, 'Three'), enrolDevice(user, 'Four')])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  await setPolicy(tenant, { deviceLimit: null })
})

it('answers the same request again with the same device, for whoever lost the answer', async () => {
  const [user, other] = [await newUser('unlucky'), await newUser('lucky')]
  await setPolicy(tenant, { deviceLimit: 1 })
  const csr = await csrOf()
  const session = await sessionOf(harness.publicUrl, { tenant: 'acme', username: 'unlucky', password: PASSWORD })
  const send = (body: object) =>
    callRaw(harness.publicUrl, 'POST', '/api/v1/devices', session, {
      type: 'application/json',
      text: JSON.stringify(body),
    })
  const answers = await Promise.all([1, 2, 3].map(() => send({ name: 'Laptop', csr })))
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 201])
  const devices = answers.map(({ text }) => deviceOf(requiredText(JSON.parse(text), 'profile')))
  expect(new Set(devices.map(({ certificate }) => certificate.sha256)).size).toBe(1)
  const [device = deviceOf('')] = devices
  expect(await decisionOf(user, device)).toBe('allow')
  expect(await auditOf('device.create', device.deviceId)).toHaveLength(1)

  const refused = await send({ name: 'Laptop', csr: await csrOf() })
  expect(JSON.parse(refused.text)).toMatchObject({ code: 'too-many-devices', parameters: { limit: 1 } })
  const others = await textOf(other.client.api.call('POST', '/devices', { name: 'Laptop', csr }), 'deviceId')
  expect(others).not.toBe(device.deviceId)
  await query("UPDATE devices SET created_at = created_at - interval '61 min' WHERE id = $1", [device.deviceId])
  expect((await send({ name: 'Laptop', csr })).status).toBe(409)
  await user.client.api.call('DELETE', `/devices/${device.deviceId}`)
  expect((await send({ name: 'Laptop', csr })).status).toBe(201)
  await setPolicy(tenant, { deviceLimit: null })
})

it('makes a key for who cannot, gives it once, and marks it', async () => {
  const user = await newUser('keyless')
  const { api } = user.client
  const answer = await api.call('POST', '/devices', { name: 'Tablet', key: 'server-made' })
  const profile = requiredText(answer, 'profile')
  const device = deviceOf(profile)
  const certificate = new X509Certificate(blockOf(profile, 'cert'))
  expect(certificate.checkPrivateKey(createPrivateKey(blockOf(profile, 'key')))).toBe(true)
  expect(await decisionOf(user, device)).toBe('allow')

  const renamed = await api.call('PATCH', `/devices/${device.deviceId}`, { name: 'Old tablet' })
  expect(renamed).toMatchObject({ name: 'Old tablet', serverMadeKey: true, renewalPending: false })
  expect(await api.call('GET', '/devices?search=old%20tab')).toMatchObject({
    items: [{ deviceId: device.deviceId, username: 'keyless' }],
    next: null,
  })
  const again = await api.call('POST', `/devices/${device.deviceId}/profile`, {})
  expect(String(again)).not.toContain('<key>')
  expect(await inDatabase('PRIVATE KEY')).toEqual([])
  const audit = await auditOf('device.create', device.deviceId)
  expect(audit).toEqual([{ details: JSON.stringify({ key: 'server-made' }) }])
})

it('gives a profile once through a link that looks do not use up', async () => {
  const user = await newUser('linked')
  const { api } = user.client
  const answer = await api.call('POST', '/devices', { name: 'Phone', key: 'server-made', importLink: {} })
  expect(fieldOf(answer, 'profile')).toBeUndefined()
  const link = fieldOf(answer, 'importLink')
  const url = requiredText(link, 'url')
  expect(requiredText(link, 'importUrl')).toBe(`openvpn://import-profile/${url}`)
  expect(requiredText(link, 'qrSvg')).toMatch(/^<svg /)
  const lifeMs = Date.parse(requiredText(link, 'expiresAt')) - Date.now()
  expect(lifeMs).toBeGreaterThan(14 * 60_000)
  expect(lifeMs).toBeLessThanOrEqual(15 * 60_000)
  expect(await inDatabase('PRIVATE KEY')).toEqual([])

  const looks = [
    { init: { method: 'HEAD' }, status: 200 },
    { init: { headers: { 'sec-purpose': 'prefetch' } }, status: 403 },
    { init: { headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } }, status: 403 },
    { init: { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' } }, status: 303 },
  ]
  for (const { init, status } of looks) {
    const response = await fetch(url, { ...init, redirect: 'manual' })
    expect(response.status).toBe(status)
    const page = status === 303 ? `${harness.publicUrl}/link/${url.slice(url.lastIndexOf('/') + 1)}` : null
    expect(response.headers.get('location')).toBe(page)
    expect(await response.text()).not.toContain('<key>')
  }
  const navigation = looks.at(-1)
  for (const odd of ['%0d%0aset-cookie', '%E2%82%AC', '..%2f..%2fapi']) {
    const address = `${harness.publicUrl}/api/v1/profiles/${odd}`
    const { status, headers } = await fetch(address, { ...navigation?.init, redirect: 'manual' })
    expect([status, headers.get('location')?.toUpperCase()]).toEqual([
      303,
      `${harness.publicUrl}/link/${odd}`.toUpperCase(),
    ])
  }
  const mangled = await fetch(url.slice(0, -1))
  expect([mangled.status, await mangled.json()]).toEqual([
    404,
    expect.objectContaining({ code: 'link-unknown', parameters: { purpose: 'profile' } }),
  ])
  const responses = await Promise.all([fetch(url), fetch(url), fetch(url)])
  expect(responses.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 410, 410])
  const response = responses.find(({ status }) => status === 200)
  expect(response?.headers.get('content-type')).toMatch(/^application\/x-openvpn-profile/)
  expect(response?.headers.get('cache-control')).toBe('no-store')
  const device = deviceOf((await response?.text()) ?? '')
  expect(blockOf(device.profile, 'key')).toContain('PRIVATE KEY')
  expect(await decisionOf(user, device)).toBe('allow')
  expect((await fetch(url)).status).toBe(410)
  expect((await fetch(`${url.slice(0, -4)}AAAA`)).status).toBe(404)
})

it('makes a new key for another link, and lets the one that is in use go on until then', async () => {
  const user = await newUser('relinked')
  const { api } = user.client
  const device = deviceOf(await textOf(api.call('POST', '/devices', { name: 'Phone', key: 'server-made' }), 'profile'))
  const path = `/devices/${device.deviceId}/import-link`
  const superseded = await textOf(api.call('POST', path, {}), 'url')
  const url = await textOf(api.call('POST', path, {}), 'url')
  expect((await fetch(superseded)).status).toBe(410)
  expect(await decisionOf(user, device)).toBe('allow')
  const fresh = deviceOf(await (await fetch(url)).text())
  expect(await decisionOf(user, fresh)).toBe('allow')
  expect(await decisionOf(user, device)).toBe('certificate-mismatch')

  const dead = await textOf(api.call('POST', path, {}), 'url')
  await api.call('DELETE', `/devices/${device.deviceId}`)
  expect((await fetch(dead)).status).toBe(410)
})

it('keeps no key of a link that expired before anybody fetched it', async () => {
  const user = await newUser('forgetful')
  const link = await user.client.api.call('POST', '/devices', { name: 'x', key: 'server-made', importLink: {} })
  const url = requiredText(fieldOf(link, 'importLink'), 'url')
  const unfetched = 'SELECT 1 FROM one_time_links WHERE user_id = $1 AND sealed_payload IS NOT NULL'
  expect(await query(unfetched, [user.userId])).toHaveLength(1)
  await query("UPDATE one_time_links SET expires_at = now() - interval '1 s' WHERE user_id = $1", [user.userId])
  expect((await fetch(url)).status).toBe(410)
  await harness.restart()
  await vi.waitFor(async () => {
    expect(await query(unfetched, [user.userId])).toEqual([])
  }, 5000)
  expect((await fetch(url)).status).toBe(410)
})

it('makes no link to a key that is with the client, and none for ever', async () => {
  const user = await newUser('careful')
  const { api } = user.client
  const { deviceId } = await enrolDevice(user, 'Laptop')
  const path = `/devices/${deviceId}/import-link`
  await expect(api.call('POST', path, {})).rejects.toMatchObject({ status: 409, code: 'key-not-here' })
  await expect(api.call('POST', path, { expiresInSeconds: 86_401 })).rejects.toMatchObject({ code: 'bad-request' })
  const withCsr = { name: 'x', csr: await csrOf(), importLink: {} }
  await expect(api.call('POST', '/devices', withCsr)).rejects.toMatchObject({ code: 'bad-request' })
})

const connectImport = (path: string, userPassword?: string): Promise<Response> =>
  fetch(`${harness.publicUrl}/rest/${path}`, {
    headers: userPassword === undefined ? {} : { authorization: `Basic ${btoa(userPassword)}` },
  })

it('answers the import of OpenVPN Connect with a whole profile', async () => {
  const user = await newUser('importer')
  const query = 'GetUserlogin?tls-cryptv2=1&action=import&deviceModel=Pixel%209'
  for (const name of ['acme/importer', 'importer@acme']) {
    const response = await connectImport(query, `${name}:${PASSWORD}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    const device = deviceOf(await response.text())
    expect(device.profile).toContain('\nsetenv USERNAME "importer"\n')
    expect(blockOf(device.profile, 'key')).toContain('PRIVATE KEY')
    expect(await decisionOf(user, device)).toBe('allow')
  }
  expect(await user.client.api.call('GET', '/devices')).toMatchObject({
    items: [{ name: 'Pixel 9', serverMadeKey: true }, { name: 'Pixel 9' }],
  })
  expect((await fetch(`${harness.publicUrl}/rest/GetUserlogin`, { method: 'HEAD' })).status).toBe(200)
})

it('refuses an import as OpenVPN Connect reads it, and gives no profile without a password', async () => {
  await newUser('refused')
  for (const shown of [undefined, 'acme/refused:wrong', 'refused:wrong', `acme/nobody:${PASSWORD}`]) {
    const response = await connectImport('GetUserlogin', shown)
    expect(response.status).toBe(401)
    expect(await response.text()).toMatch(
      /<Type>Authorization Required<\/Type>\n<Synopsis>REST method failed<\/Synopsis>\n<Message>AUTH_FAILED: .* \(9007\)</,
    )
  }
  expect(await (await connectImport('GetAutologin', `acme/refused:${PASSWORD}`)).text()).toMatch(
    /NEED_AUTOLOGIN: .*\(9000\)/,
  )
})

it('asks an importing client for the second factor, and for what the portal is needed for', async () => {
  const user = await harness.user(tenant, 'factor', { totp: true })
  const before = await connectImport('GetUserlogin', `acme/factor:${PASSWORD}`)
  expect(before.status).toBe(403)
  expect(await before.text()).toMatch(/<Type>Access denied<\/Type>[^]*\(9008\)/)
  const codes = await enrolTotp(user)
  const asked = await (await connectImport('GetUserlogin', `acme/factor:${PASSWORD}`)).text()
  const [, state = '', name = ''] = /CRV1:R,E:([\w-]+):([A-Za-z0-9+/=]+):[^<]* \(9007\)/.exec(asked) ?? []
  const decoded = atob(name)
  expect(decoded).toBe('acme/factor')
  expect((await connectImport('GetUserlogin', `${decoded}:CRV1::${state}::${codes.wrong()}`)).status).toBe(401)
  const code = codes.next()
  const response = await connectImport('GetUserlogin?tls-cryptv2=1', `${decoded}:CRV1::${state}::${code}`)
  expect(response.status).toBe(200)
  const device = deviceOf(await response.text())
  expect(device.profile).toContain('static-challenge')
  expect((await connectImport('GetUserlogin', `${decoded}:CRV1::${state}::${code}`)).status).toBe(401)
})

async function query(sql: string, values: readonly unknown[]): Promise<object[]> {
  const owner = new pg.Client({ connectionString: harness.postgres.url })
  await owner.connect()
  try {
    return (await owner.query<object>(sql, [...values])).rows
  } finally {
    await owner.end()
  }
}

/** The columns of devices and links that have this text, in whatever encoding text is stored. */
function inDatabase(text: string): Promise<object[]> {
  return query(
    `SELECT 'device' AS place FROM devices WHERE to_jsonb(devices)::text LIKE '%' || $1 || '%'
     UNION ALL SELECT 'link' FROM one_time_links WHERE position($1::bytea IN sealed_payload) > 0
     UNION ALL SELECT 'audit' FROM audit_events WHERE to_jsonb(audit_events)::text LIKE '%' || $1 || '%'`,
    [text],
  )
}

function auditOf(action: string, deviceId: string): Promise<object[]> {
  return query('SELECT details FROM audit_events WHERE action = $1 AND target = $2', [action, `device:${deviceId}`])
}
