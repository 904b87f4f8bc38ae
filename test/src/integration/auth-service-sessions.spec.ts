import { EnrolmentClient } from '@sallyport/local-services'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import { AuthServiceHarness, enrolTotp, PASSWORD, type TestTenant, type TestUser } from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { makeRecoveryCodes } from './portal-sign-in.ts'

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
