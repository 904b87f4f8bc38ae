import { requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { type EventListener, listenToEvents } from './event-listener.ts'
import { listItems } from './list-items.ts'
import { callRaw, sessionOf, type Shown } from './raw-api.ts'

const REPORTS = '/node-api/v1/connections/reports'
const nothing = { safeParse: () => ({ success: true as const, data: undefined }) }
const CHROMIUM = 'Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0'

let harness: AuthServiceHarness
let replica: Replica
let acme: TestTenant
let rival: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  acme = await harness.tenant('acme')
  rival = await harness.tenant('rival')
}, 120_000)

afterAll(async () => {
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

const signIn = (tenant: TestTenant, username: string): Promise<Shown> =>
  sessionOf(harness.publicUrl, { tenant: tenant.slug, username, password: PASSWORD })

/** Listens at the other instance than the one that most calls go to. */
const listen = (shown: Shown): Promise<EventListener> => listenToEvents(replica.publicUrl, shown)

it('tells what changed within a second, across instances, and nobody of another tenant', async () => {
  const user = await harness.user(acme, 'alice', { totp: false })
  await using admin = await listen(await signIn(acme, 'admin'))
  await using alice = await listen(await signIn(acme, 'alice'))
  await using stranger = await listen(await signIn(rival, 'admin'))
  expect(admin.status).toBe(200)
  expect(Object.fromEntries(admin.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  await Promise.all([admin, alice, stranger].map(({ during }) => during(1200)))

  const sinceMs = performance.now()
  const device = await enrolDevice(user, 'laptop')
  expect(await admin.hear('devices', 'overview', 'audit')).not.toContain('own-devices')
  expect(await alice.hear('own-devices')).toEqual(['own-devices'])
  expect(performance.now() - sinceMs).toBeLessThan(2000)

  const node = await harness.node('node-1')
  const answer = await node.authorise(authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD }))
  expect(answer.decision).toBe('allow')
  await admin.hear('connections')
  await alice.hear('own-connections')
  const connectionId = answer.decision === 'allow' ? answer.grant.connectionId : ''
  await Promise.all([admin.during(1200), alice.during(1200)])
  // No line of the audit log tells this.
  const established = { type: 'established', connectionId, ipv4: '10.8.0.9', ipv6: null, cipher: 'AES-256-GCM' }
  const ended = { type: 'ended', connectionId, reason: 'explicit-exit', receivedBytes: '1', sentBytes: '2' }
  for (const report of [established, ended]) {
    await node.api.call({ method: 'POST', path: REPORTS, body: { reports: [report] }, response: nothing })
    await Promise.all([admin.hear('connections', 'overview'), alice.hear('own-connections')])
    await Promise.all([admin.during(700), alice.during(700)])
  }

  const groupId = requiredText(await acme.client.api.call('POST', '/groups', { name: 'sales' }), 'groupId')
  await acme.client.api.call('PUT', `/groups/${groupId}/policy`, { policy: { mfa: 'required' } })
  expect(await alice.hear('own-account')).toEqual(['own-account', 'own-connections'])
  await admin.hear('groups', 'policy')
  expect(await stranger.during(0)).toEqual([])
})

it('tells at most twice a second', async () => {
  await using admin = await listen(await signIn(acme, 'admin'))
  await admin.during(1000)
  const [network] = await listItems(acme.client.api, '/networks')
  const already = admin.times.length
  const until = performance.now() + 2000
  for (let count = 0; performance.now() < until; count += 1) {
    const dnsServers = [`10.8.0.${String((count % 200) + 1)}`]
    await acme.client.api.call('PATCH', `/networks/${String(network?.['networkId'])}`, { dnsServers })
  }
  const told = admin.times.length - already
  expect(told).toBeGreaterThan(1)
  expect(told).toBeLessThanOrEqual(5)
})

it('ends with the session: signed out, ended elsewhere, disabled; and goes on with other rights', async () => {
  const user = await harness.user(acme, 'bob', { totp: false })
  const [here, there] = [await signIn(acme, 'bob'), await signIn(acme, 'bob')]
  await using first = await listen(here)
  await using second = await listen(there)
  await callRaw(harness.publicUrl, 'POST', '/api/v1/sign-out', here)
  expect(await first.ended()).toBe('session-ended')
  // Another page of the same person learns that the list of sessions is shorter.
  await second.hear('own-account')

  const promoted = acme.client.api.call('PATCH', `/users/${user.userId}`, { role: 'auditor' })
  await promoted
  await second.hear('own-account')
  await second.during(1200)
  const other = await harness.user(acme, 'bobby', { totp: false })
  await second.hear('users')

  await acme.client.api.call('PATCH', `/users/${user.userId}`, { disabled: true })
  expect(await second.ended()).toBe('session-ended')
  expect((await listenToEvents(replica.publicUrl, there)).status).toBe(401)
  expect(other.username).toBe('bobby')
})

it('shows the own sessions, and ends one of them and nobody else’s', async () => {
  const user = await harness.user(acme, 'carol', { totp: false })
  const shown = await sessionOf(
    harness.publicUrl,
    { tenant: 'acme', username: 'carol', password: PASSWORD },
    { 'user-agent': `${CHROMIUM}${'x'.repeat(300)}` },
  )
  const call = (method: string, path: string): Promise<{ status: number; text: string }> =>
    callRaw(replica.publicUrl, method, `/api/v1${path}`, shown)
  const sessions = JSON.parse((await call('GET', '/me/sessions')).text) as Record<string, unknown>[]
  const current = sessions.filter((session) => session['current'] === true)
  expect(current).toMatchObject([{ address: '127.0.0.1', factor: null }])
  expect(current[0]?.['sessionId']).toMatch(/^[A-Za-z0-9_-]{43}$/)
  expect(current[0]?.['userAgent']).toMatch(/^Mozilla.{193}$/)
  expect(Date.now() - Date.parse(String(current[0]?.['lastUsedAt']))).toBeLessThan(5000)
  expect(shown['cookie']).not.toContain(String(current[0]?.['sessionId']))
  const other = sessions.find((session) => session['current'] === false)
  const path = `/me/sessions/${String(other?.['sessionId'])}`
  await using listener = await listen(shown)
  await expect(acme.client.api.call('DELETE', path)).rejects.toMatchObject({ status: 404, code: 'not-found' })
  expect(await user.client.api.call('GET', '/me')).toMatchObject({ user: { username: 'carol' } })
  expect((await call('DELETE', path)).status).toBe(204)
  expect((await call('DELETE', path)).status).toBe(404)
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  await listener.hear('own-account')
  expect(JSON.parse((await call('GET', '/me/sessions')).text)).toHaveLength(1)

  const me = JSON.parse((await call('GET', '/me')).text) as Record<string, string>
  expect(me).toMatchObject({
    permissions: ['self.read', 'self.write'],
    duties: [],
    sessionIdleSeconds: 1800,
    user: { email: null },
  })
  const leftMs = Date.parse(me['sessionEndsAt'] ?? '') - Date.parse(me['now'] ?? '')
  expect(leftMs).toBeGreaterThan(11.9 * 3600 * 1000)
  expect(leftMs).toBeLessThanOrEqual(12 * 3600 * 1000)
})

it('has four streams for a session, and wants a session', async () => {
  await harness.user(acme, 'dave', { totp: false })
  const shown = await signIn(acme, 'dave')
  await using first = await listen(shown)
  const others: EventListener[] = []
  for (let count = 0; count < 4; count += 1) others.push(await listen(shown))
  expect(await first.ended()).not.toBe('session-ended')
  await acme.client.api.call('PATCH', '/settings', { pingSeconds: 11 })
  for (const listener of others) {
    await listener.hear('own-account')
    await listener[Symbol.asyncDispose]()
  }
  expect((await listenToEvents(replica.publicUrl, {})).status).toBe(401)
  // A head opens nothing that somebody would have to close.
  expect((await callRaw(replica.publicUrl, 'HEAD', '/api/v1/events', shown)).status).toBe(200)
})

it('refuses what another page sends, whatever it is and whoever is signed in', async () => {
  const session = await signIn(acme, 'admin')
  const foreign = { origin: 'https://evil.example.com', 'sec-fetch-site': 'cross-site' }
  const body = { type: 'application/json', text: '{}' }
  for (const [method, path] of [
    ['POST', '/api/v1/sign-in'],
    ['POST', '/api/v1/sign-out'],
    ['PATCH', '/api/v1/settings'],
    ['PUT', '/api/v1/policy'],
    ['DELETE', '/api/v1/me/totp'],
    ['POST', '/api/v1/nothing'],
  ] as const) {
    const answer = await callRaw(harness.publicUrl, method, path, { ...session, ...foreign }, body)
    expect([answer.status, answer.text], path).toEqual([403, expect.stringContaining('"code":"foreign-origin"')])
  }
  expect((await callRaw(harness.publicUrl, 'GET', '/api/v1/me', { ...session, ...foreign })).status).toBe(200)
  const own = { origin: new URL(harness.publicUrl).origin, 'sec-fetch-site': 'same-origin' }
  const answer = await callRaw(harness.publicUrl, 'POST', '/api/v1/sign-out', { ...session, ...own })
  expect(answer.status).toBe(204)
})

it('ends at once when the service stops', async () => {
  await using listener = await listenToEvents(harness.publicUrl, await signIn(acme, 'admin'))
  const sinceMs = performance.now()
  await harness.stopService()
  await listener.ended()
  expect(performance.now() - sinceMs).toBeLessThan(3000)
})
