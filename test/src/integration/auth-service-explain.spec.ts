import pg from 'pg'
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
import { listItems } from './list-items.ts'

let harness: AuthServiceHarness
let acme: TestTenant
let rival: TestTenant
let node: NodeClient
let alice: TestUser
let laptop: TestDevice

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  acme = await harness.tenant('acme')
  rival = await harness.tenant('rival')
  node = await harness.node('node-1')
  alice = await harness.user(acme, 'alice', { totp: false })
  laptop = await enrolDevice(alice, 'laptop')
})

afterAll(() => harness[Symbol.asyncDispose]())

type Attempt = Readonly<Record<string, unknown>>

async function attempts(tenant: TestTenant, userId: string): Promise<Attempt[]> {
  const answer = Object(await tenant.client.api.call('GET', `/users/${userId}/attempts`)) as { items: Attempt[] }
  return answer.items
}

const signIn = (username: string, password: string): Promise<Response> =>
  fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'acme', username, password }),
  })

const connect = (user: TestUser, device: TestDevice, password: string, address = '203.0.113.9'): Promise<string> =>
  node.decision(
    authoriseRequestOf(
      user,
      device,
      { kind: 'password', password },
      { remote: { transport: 'udp', address, port: 40_000 }, peerInfo: { IV_VER: '2.6.14', IV_PLAT: 'linux' } },
    ),
  )

it('tells of a wrong password at the portal, and of the sign-in that followed', async () => {
  expect((await signIn('alice', 'wrong')).status).toBe(401)
  expect((await signIn('alice', PASSWORD)).status).toBe(200)
  const [right, wrong] = await attempts(acme, alice.userId)
  expect(wrong).toMatchObject({
    ...{ kind: 'portal-sign-in', result: 'refused', outcome: 'sign-in-failed', source: '127.0.0.1', device: null },
    explanation: expect.stringContaining('password was wrong') as string,
    message: 'The organisation, user name or password is not right.',
    checks: [{ check: 'password', outcome: 'failed', detail: null }],
  })
  expect(right).toMatchObject({ kind: 'portal-sign-in', result: 'allowed', outcome: 'ok' })
  expect(Math.abs(Date.parse(String(right?.['at'])) - Date.now())).toBeLessThan(60_000)
})

it('tells of connections: from where, with which device and client, what was checked and what the client showed', async () => {
  expect(await connect(alice, laptop, 'wrong', '198.51.100.7')).toBe('wrong-password')
  expect(await connect(alice, laptop, PASSWORD)).toBe('allow')
  const [allowed, refused] = await attempts(acme, alice.userId)
  expect(refused).toMatchObject({
    ...{ kind: 'connection', result: 'refused', outcome: 'wrong-password', source: '198.51.100.7' },
    ...{ client: '2.6.14 linux', message: 'The user name or password is not right.' },
    device: { deviceId: laptop.deviceId, name: 'laptop' },
    explanation: expect.stringContaining('password was wrong') as string,
  })
  expect(refused?.['checks']).toContainEqual({ check: 'password', outcome: 'failed', detail: null })
  expect(allowed).toMatchObject({ result: 'allowed', outcome: 'ok', source: '203.0.113.9', message: null })
})

it('tells that a second factor was asked for and what was wrong with it', async () => {
  const bob = await harness.user(acme, 'bob', { totp: true })
  const codes = await enrolTotp(bob)
  const phone = await enrolDevice(bob, 'phone')
  expect(await connect(bob, phone, PASSWORD)).toMatch(/otp-required|challenge/)
  const withCode = { kind: 'password' as const, password: PASSWORD, response: codes.wrong() }
  expect(await node.decision(authoriseRequestOf(bob, phone, withCode))).toBe('wrong-otp')
  const [wrong, asked] = await attempts(acme, bob.userId)
  expect(wrong).toMatchObject({ outcome: 'wrong-otp', result: 'refused', device: { name: 'phone' } })
  expect(asked?.['explanation']).toMatch(/^The password was right/)
})

it('says that the account is disabled to those who may know, and not to who signs in', async () => {
  const carol = await harness.user(acme, 'carol', { totp: false })
  await acme.client.api.call('PATCH', `/users/${carol.userId}`, { disabled: true })
  const answer = await (await signIn('carol', PASSWORD)).text()
  expect(answer).toContain('sign-in-failed')
  expect(answer).not.toContain('disabled')
  const [attempt] = await attempts(acme, carol.userId)
  expect(attempt).toMatchObject({
    outcome: 'sign-in-failed',
    explanation: expect.stringContaining('disabled') as string,
  })
})

it('shows people their own attempts, and those of others to nobody without the permission', async () => {
  const own = Object(await alice.client.api.call('GET', '/me/attempts')) as { items: Attempt[] }
  expect(own.items).toEqual(await attempts(acme, alice.userId))
  const path = `/users/${alice.userId}/attempts`
  await expect(alice.client.api.call('GET', path)).rejects.toMatchObject({ status: 403 })
  expect((await fetch(`${harness.publicUrl}/api/v1${path}`)).status).toBe(401)
})

it('gives the same answer for a user of another tenant and for one who never was', async () => {
  const ask = (userId: string): Promise<unknown> =>
    rival.client.api.call('GET', `/users/${userId}/attempts`).catch((error: unknown) => JSON.stringify(error))
  const theirs = await ask(alice.userId)
  expect(theirs).toContain('not-found')
  expect(theirs).toBe(await ask('99999999-9999-4999-8999-999999999999'))
})

it('ties an attempt with an unknown name to nobody', async () => {
  const before = await attempts(acme, alice.userId)
  expect((await signIn('alicia', 'wrong')).status).toBe(401)
  expect(await attempts(acme, alice.userId)).toEqual(before)
})

it('shows the last twenty, newest first', async () => {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    await connect(alice, laptop, PASSWORD, `203.0.113.${String(attempt + 20)}`)
  }
  for (let attempt = 0; attempt < 12; attempt += 1) await signIn('alice', PASSWORD)
  const shown = await attempts(acme, alice.userId)
  expect(shown).toHaveLength(20)
  const times = shown.map(({ at }) => String(at))
  expect(times).toEqual(times.toSorted().toReversed())
})

it('shows people their own connections, and lets them end these and no others', async () => {
  const dave = await harness.user(acme, 'dave', { totp: false })
  const tablet = await enrolDevice(dave, 'tablet')
  expect(await connect(dave, tablet, PASSWORD)).toBe('allow')
  // Of a node that is not heard nobody knows what it carries.
  const owner = new pg.Client({ connectionString: harness.postgres.url })
  await owner.connect()
  await owner.query('UPDATE services SET last_seen_at = now()')
  await owner.end()
  const connectionsOf = async ({ client }: TestUser): Promise<Attempt[]> => [
    ...(await listItems(client.api, '/me/connections')),
  ]
  const [own, ...more] = await connectionsOf(dave)
  expect(own).toMatchObject({ username: 'dave', deviceName: 'tablet', remote: '203.0.113.9:40000' })
  expect(more).toEqual([])
  const path = `/me/connections/${String(own?.['connectionId'])}`
  await expect(alice.client.api.call('DELETE', path)).rejects.toMatchObject({ status: 404 })
  await expect(acme.client.api.call('DELETE', path)).rejects.toMatchObject({ status: 404 })
  await dave.client.api.call('DELETE', path)
  const audit = Object(await acme.client.api.call('GET', `/audit?action=connection.end&userId=${dave.userId}`)) as {
    items: Attempt[]
  }
  expect(audit.items).toHaveLength(1)
  expect(audit.items[0]).toMatchObject({ actor: `user:${dave.userId}`, outcome: 'ok' })
})
