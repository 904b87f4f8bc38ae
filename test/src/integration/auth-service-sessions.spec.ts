import { Secret } from '@sallyport/foundation'
import { ApiClient, EnrolmentClient, requiredText } from '@sallyport/local-services'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import { readApiDocument } from './api-document.ts'
import { AuthServiceHarness, enrolTotp, PASSWORD, type TestTenant, type TestUser } from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { makeRecoveryCodes } from './portal-sign-in.ts'
import { callRaw, sessionOf } from './raw-api.ts'

let harness: AuthServiceHarness
let replica: Replica
let tenant: TestTenant
let redis: Redis
let database: pg.Client

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  tenant = await harness.tenant('acme')
  redis = new Redis(harness.redis.url)
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
})

afterAll(async () => {
  redis.disconnect()
  await database.end()
  await replica[Symbol.asyncDispose]()
  await harness[Symbol.asyncDispose]()
})

const storedSession = z.looseObject({
  signedIn: z.looseObject({ userId: z.string(), authenticatedAtMs: z.number() }),
})

/** Where the sessions of a user are kept. */
async function sessionKeysOf(user: TestUser): Promise<string[]> {
  const keys = await redis.keys('sallyport:auth:1:session:*')
  const texts = keys.length === 0 ? [] : await redis.mget(keys)
  return keys.filter((_, index) => {
    return storedSession.safeParse(JSON.parse(texts[index] ?? 'null')).data?.signedIn.userId === user.userId
  })
}

/** Lets the sign-in of a user's sessions lie in the past. */
async function ageSessions(user: TestUser, seconds: number): Promise<void> {
  for (const key of await sessionKeysOf(user)) {
    const session = storedSession.parse(JSON.parse((await redis.get(key)) ?? 'null'))
    const { signedIn } = session
    const older = { ...signedIn, authenticatedAtMs: signedIn.authenticatedAtMs - seconds * 1000 }
    await redis.set(key, JSON.stringify({ ...session, signedIn: older }), 'KEEPTTL')
  }
}

it('asks for everything again before it touches factors of a session that is not fresh', async () => {
  const user = await harness.user(tenant, 'olivia', { totp: true })
  const codes = await enrolTotp(user)
  const [first = '', second = ''] = await makeRecoveryCodes(user)
  const { api } = user.client
  const again = { status: 403, code: 'reauthentication-required' }
  await ageSessions(user, 301)
  const guarded = [
    ['DELETE', '/me/totp'],
    ['POST', '/me/recovery-codes'],
    ['POST', '/me/passkeys/options'],
    ['DELETE', '/me/passkeys/00000000-0000-4000-8000-000000000000'],
  ] as const
  for (const [method, path] of guarded) await expect(api.call(method, path), path).rejects.toMatchObject(again)

  const reauthenticate = (body: object): Promise<unknown> => api.call('POST', '/me/reauthenticate', body)
  expect(await api.call('POST', '/me/reauthenticate/options')).toEqual({ methods: ['totp', 'recovery-code'] })
  await expect(reauthenticate({ password: PASSWORD })).rejects.toMatchObject({ status: 400, code: 'factor-required' })
  const wrong = { method: 'totp', code: codes.wrong() }
  await expect(reauthenticate({ password: PASSWORD, factor: wrong })).rejects.toMatchObject({ code: 'wrong-otp' })
  const factor = { method: 'recovery-code', code: first }
  await expect(reauthenticate({ password: 'not it', factor })).rejects.toMatchObject({ code: 'wrong-password' })
  await expect(api.call('DELETE', '/me/totp')).rejects.toMatchObject(again)
  await reauthenticate({ password: PASSWORD, factor })
  await expect(reauthenticate({ password: PASSWORD, factor })).rejects.toMatchObject({ code: 'wrong-recovery-code' })
  await api.call('POST', '/me/recovery-codes')
  await expect(
    reauthenticate({ password: PASSWORD, factor: { method: 'recovery-code', code: second } }),
  ).rejects.toMatchObject({ code: 'wrong-recovery-code' })
  await api.call('DELETE', '/me/totp')
  const { rows } = await database.query<{ action: string }>('SELECT action FROM audit_events WHERE user_id = $1', [
    user.userId,
  ])
  expect(rows.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['user.enrol-totp', 'user.make-recovery-codes', 'user.reauthenticate', 'user.remove-totp']),
  )
})

it('ends sessions that lack the factor from the moment that one is enrolled elsewhere', async () => {
  const user = await harness.user(tenant, 'peggy', { totp: true })
  const elsewhere = new EnrolmentClient(replica.publicUrl)
  await elsewhere.signIn({ tenant: 'acme', username: 'peggy', password: PASSWORD })
  expect(await elsewhere.api.call('GET', '/me')).toMatchObject({ mustEnrolFactor: true })
  await enrolTotp(user)
  await expect(elsewhere.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  expect(await user.client.api.call('GET', '/me')).toMatchObject({ factors: { enrolled: ['totp'] } })
})

it('brings nothing back that was ended or changed while a request of the session was answered', async () => {
  const user = await harness.user(tenant, 'quentin', { totp: true })
  await enrolTotp(user)
  const { api } = user.client
  const [key = ''] = await sessionKeysOf(user)
  /** Holds up a request of the session at the database. */
  const during = async (work: () => Promise<unknown>): Promise<void> => {
    await database.query('BEGIN')
    await database.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
    const answered = api.call('GET', '/me')
    await expect.poll(waitingForUsers).toBe(1)
    await work()
    await database.query('COMMIT')
    await answered
  }
  await during(() => ageSessions(user, 301))
  await expect(api.call('DELETE', '/me/totp')).rejects.toMatchObject({ code: 'reauthentication-required' })
  await during(() => redis.del(key))
  expect(await redis.exists(key)).toBe(0)
  await expect(api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
})

it('keeps a session that is used, by reading it', async () => {
  const user = await harness.user(tenant, 'rupert', { totp: false })
  const [key = ''] = await sessionKeysOf(user)
  await redis.expire(key, 60)
  await user.client.api.call('GET', '/me')
  expect(await redis.ttl(key)).toBeGreaterThan(1700)
})

async function waitingForUsers(): Promise<number> {
  const { rowCount } = await database.query("SELECT FROM pg_locks WHERE relation = 'users'::regclass AND NOT granted")
  return rowCount ?? 0
}

it('keeps a session that somebody uses, and not one whose page only asks for what has changed', async () => {
  const user = await harness.user(tenant, 'nora', { totp: false })
  const shown = await sessionOf(harness.publicUrl, { tenant: tenant.slug, username: 'nora', password: PASSWORD })
  for (const key of await sessionKeysOf(user)) await redis.expire(key, 100)
  const longest = async (): Promise<number> =>
    Math.max(...(await Promise.all((await sessionKeysOf(user)).map((key) => redis.ttl(key)))))
  const look = (path: string, more = {}) => callRaw(harness.publicUrl, 'GET', path, { ...shown, ...more })
  expect(await look('/api/v1/me', { 'sallyport-unattended': '1' })).toMatchObject({ status: 200 })
  expect(await look('/api/v1/events')).toMatchObject({ status: 200 })
  expect(await longest()).toBeLessThanOrEqual(100)
  expect(await look('/api/v1/me')).toMatchObject({ status: 200 })
  await expect.poll(longest).toBeGreaterThan(1700)
})

it('answers a page nothing, and does nothing for it, when the session is another person’s than the page’s', async () => {
  const [ada, grace] = [
    await harness.user(tenant, 'ada', { totp: false }),
    await harness.user(tenant, 'grace', { totp: false }),
  ]
  const session = await sessionOf(harness.publicUrl, { tenant: tenant.slug, username: 'grace', password: PASSWORD })
  const ask = (method: string, path: string, userId: string) =>
    callRaw(harness.publicUrl, method, path, { ...session, 'sallyport-user': userId })
  for (const [method, path] of [
    ['GET', '/api/v1/me'],
    ['GET', '/api/v1/me/connections'],
    ['POST', '/api/v1/sign-out'],
  ] as const) {
    const answered = await ask(method, path, ada.userId)
    expect([answered.status, answered.text], path).toEqual([412, expect.stringContaining('"user-changed"')])
    expect(answered.text).not.toContain(grace.userId)
  }
  expect(await ask('GET', '/api/v1/me', grace.userId)).toMatchObject({ status: 200 })
})

it('wants a recent sign-in for what nobody may do at an unlocked screen, and asks no API token', async () => {
  const administrator = await harness.user(tenant, 'lena', { totp: false })
  await tenant.client.api.call('PATCH', `/users/${administrator.userId}`, { role: 'administrator' })
  await administrator.client.signIn({ tenant: tenant.slug, username: 'lena', password: PASSWORD })
  const { api } = administrator.client
  const scopes = ['users.write', 'policy.write']
  const made = await api.call('POST', '/me/api-tokens', { name: 'script', scopes, expiresInSeconds: 600 })
  const script = new ApiClient(harness.publicUrl, new Secret(requiredText(made, 'token')))
  const shown = await sessionOf(harness.publicUrl, { tenant: tenant.slug, username: 'lena', password: PASSWORD })
  await ageSessions(administrator, 301)

  const sensitive = readApiDocument().operations.filter(
    ({ wantsRecentSignIn, roles }) => wantsRecentSignIn && roles.includes('administrator'),
  )
  expect(sensitive.map(({ name }) => name)).toContain('put /api/v1/policy')
  const nothing = { type: 'application/json', text: '{}' }
  for (const { method, path, name } of sensitive) {
    const target = path.replace(/\{\w+\}/g, administrator.userId)
    const answered = await callRaw(harness.publicUrl, method, target, shown, nothing)
    expect([answered.status, answered.text], name).toEqual([403, expect.stringContaining('reauthentication-required')])
  }
  const refused = { status: 403, code: 'reauthentication-required' }
  const promoted = { username: 'mallory', role: 'administrator' }
  await expect(api.call('POST', '/users', promoted)).rejects.toMatchObject(refused)
  const user = await harness.user(tenant, 'moritz', { totp: false })
  const moritz = `/users/${user.userId}`
  for (const change of [{ role: 'administrator' }, { email: 'mallory@example.com' }])
    await expect(api.call('PATCH', moritz, change)).rejects.toMatchObject(refused)
  await api.call('PATCH', moritz, { displayName: 'Moritz' })
  await script.call('PATCH', moritz, { email: 'moritz@example.com' })
  await script.call('POST', `${moritz}/reset-factors`)

  await api.call('POST', '/me/reauthenticate', { password: PASSWORD })
  await api.call('PATCH', moritz, { role: 'administrator' })
})
