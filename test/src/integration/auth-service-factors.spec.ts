import { ApiClient, EnrolmentClient } from '@sallyport/local-services'
import { SoftwareAuthenticator, totpCode } from '@sallyport/testkit'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

import { AuthServiceHarness, enrolTotp, PASSWORD, type TestTenant, type TestUser } from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'
import { PolicyDesk } from './policy-desk.ts'
import { addPasskey, answerSignIn, beginSignIn, factorsOf, makeRecoveryCodes } from './portal-sign-in.ts'

/** PASSWORD by argon2id with 8 MiB and one pass. */
const WEAK_HASH = '$argon2id$v=19$m=8192,t=1,p=1$Ujm8UUAO2Pgb2tLctNSFSg$62NomdYqc4/TAwtstxOq91nuvUR6vy6u7OLduqt9K+Q'

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

/** Somebody at a browser: a client for each instance, without a session yet. */
const here = (): ApiClient => new ApiClient(harness.publicUrl)
const there = (): ApiClient => new ApiClient(replica.publicUrl)

const begin = (user: TestUser, at = harness.publicUrl): ReturnType<typeof beginSignIn> => beginSignIn(user, at)
const answer = (body: object, at = here()): Promise<string> => answerSignIn(body, at)
const totp = (challenge: string, code: string) => ({ challenge, method: 'totp', code })
const recovery = (challenge: string, code: string) => ({ challenge, method: 'recovery-code', code })
const passkey = (challenge: string, assertion: object) => ({ challenge, method: 'passkey', assertion })

/** What the audit log says about a user, oldest first. */
async function auditOf(user: TestUser): Promise<{ action: string; outcome: string; details: string | null }[]> {
  const { rows } = await database.query<{ action: string; outcome: string; details: string | null }>(
    'SELECT action, outcome, details FROM audit_events WHERE user_id = $1 ORDER BY at, id',
    [user.userId],
  )
  return rows
}

it('finishes on another instance the sign-in that one began, once', async () => {
  const user = await harness.user(tenant, 'alice', { totp: true })
  const codes = await enrolTotp(user)
  const { challenge, methods, expiresInSeconds } = await begin(user)
  expect({ methods, expiresInSeconds }).toEqual({ methods: ['totp'], expiresInSeconds: 300 })
  const browser = there()
  expect(await answer(totp(challenge, codes.next()), browser)).toBe('signed-in')
  expect(await browser.call('GET', '/me')).toMatchObject({ user: { username: 'alice' }, mustEnrolFactor: false })
  expect(await answer(totp(challenge, codes.next()))).toBe('challenge-expired')
})

it('refuses on one instance the code that was used on another', async () => {
  const user = await harness.user(tenant, 'bob', { totp: true })
  const codes = await enrolTotp(user)
  const [first, second] = [await begin(user), await begin(user, replica.publicUrl)]
  const code = codes.next()
  const outcomes = [await answer(totp(first.challenge, code)), await answer(totp(second.challenge, code), there())]
  expect(outcomes).toEqual(['signed-in', 'wrong-otp'])
  expect(await answer(totp(second.challenge, codes.next()))).toBe('signed-in')
})

it('takes an answer once, also when both instances get it at the same moment', async () => {
  const user = await harness.user(tenant, 'carol', { totp: true })
  const codes = await enrolTotp(user)
  const { challenge } = await begin(user)
  const answers = [answer(totp(challenge, codes.next())), answer(totp(challenge, codes.next()), there())]
  expect((await Promise.all(answers)).filter((outcome) => outcome === 'signed-in')).toHaveLength(1)
})

it('gives a challenge five tries, on whatever instance', async () => {
  const tried = await harness.tenant('tried')
  const user = await harness.user(tried, 'dave', { totp: true })
  const codes = await enrolTotp(user)
  await makeRecoveryCodes(user)
  const { challenge } = await begin(user)
  const outcomes: string[] = []
  for (let guess = 0; guess < 5; guess += 1) {
    // Passkeys are no guesses: the limits of attempts do not end this.
    const assertion = new SoftwareAuthenticator(harness.publicUrl).get({ challenge })
    outcomes.push(await answer(passkey(challenge, assertion), guess % 2 === 0 ? here() : there()))
  }
  expect(outcomes).toEqual(Array.from({ length: 5 }, () => 'wrong-passkey'))
  expect(await answer(totp(challenge, codes.next()))).toBe('challenge-expired')
})

it('ends a sign-in that waits when the user is disabled or signs out everywhere', async () => {
  const user = await harness.user(tenant, 'erin', { totp: true })
  const codes = await enrolTotp(user)
  const waiting = await begin(user)
  await user.client.api.call('POST', '/me/sign-out-everywhere')
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  expect(await answer(totp(waiting.challenge, codes.next()))).toBe('challenge-expired')
  const again = await begin(user)
  await tenant.client.api.call('PATCH', `/users/${user.userId}`, { disabled: true })
  expect(await answer(totp(again.challenge, codes.next()))).toBe('challenge-expired')
})

it('forgets a sign-in that waits after five minutes, and keeps its name nowhere', async () => {
  const user = await harness.user(tenant, 'trent', { totp: true })
  const codes = await enrolTotp(user)
  const before = new Set(await redis.keys('sallyport:auth:1:sign-in:*'))
  const { challenge } = await begin(user)
  const [key = ''] = (await redis.keys('sallyport:auth:1:sign-in:*')).filter((known) => !before.has(known))
  const seconds = await redis.ttl(key)
  expect(seconds).toBeGreaterThan(290)
  expect(seconds).toBeLessThanOrEqual(300)
  expect(key + JSON.stringify(await redis.hgetall(key))).not.toContain(challenge)
  await redis.pexpire(key, 1)
  await expect.poll(() => redis.exists(key)).toBe(0)
  expect(await answer(totp(challenge, codes.next()))).toBe('challenge-expired')
})

it('lets a repeated stale code lock nobody out', async () => {
  const user = await harness.user(tenant, 'frank', { totp: true })
  const codes = await enrolTotp(user)
  const stale = codes.next()
  expect(await answer(totp((await begin(user)).challenge, stale))).toBe('signed-in')
  for (let round = 0; round < 8; round += 1) {
    expect(await answer(totp((await begin(user)).challenge, stale))).toBe('wrong-otp')
  }
  expect(await answer(totp((await begin(user)).challenge, codes.next()))).toBe('signed-in')
})

it('makes people wait after wrong codes, whatever the challenge and the instance', async () => {
  const guessed = await harness.tenant('guessed')
  const user = await harness.user(guessed, 'grace', { totp: true })
  const codes = await enrolTotp(user)
  const wrong = codes.wrong()
  const challenges = [await begin(user), await begin(user), await begin(user)]
  const outcomes: string[] = []
  for (let guess = 0; guess < 9; guess += 1) {
    const challenge = challenges[guess % 3]?.challenge ?? ''
    // Six digits each time, and never the right ones.
    const code = String((Number(wrong) + guess * 1000) % 1_000_000).padStart(6, '0')
    outcomes.push(await answer(totp(challenge, code), guess % 2 === 0 ? here() : there()))
  }
  expect(outcomes.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'wrong-otp'))
  expect(outcomes).toContain('too-many-attempts')
})

it('answers the same to an unknown user, a wrong password, one who has none, one disabled and a suspended tenant', async () => {
  const closed = await harness.tenant('closed')
  await harness.operator.call('PATCH', `/platform/tenants/${closed.tenantId}`, { suspended: true })
  const disabled = await harness.user(tenant, 'heidi', { totp: false })
  await tenant.client.api.call('PATCH', `/users/${disabled.userId}`, { disabled: true })
  await tenant.client.api.call('POST', '/users', {
    username: 'invited',
    email: 'invited@example.com',
    credential: 'invitation',
  })
  const attempts = [
    { tenant: 'acme', username: 'nobody', password: PASSWORD },
    { tenant: 'acme', username: 'alice', password: 'not it' },
    { tenant: 'acme', username: 'invited', password: PASSWORD },
    { tenant: 'acme', username: 'heidi', password: PASSWORD },
    { tenant: 'closed', username: 'admin', password: PASSWORD },
    { tenant: 'nowhere', username: 'admin', password: PASSWORD },
  ]
  const answers: string[] = []
  for (const body of attempts) {
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${harness.publicUrl}/api/v1/sign-in`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    answers.push(`${String(response.status)} ${await response.text()}`)
  }
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toContain('sign-in-failed')
  const { rows } = await database.query<{ details: string }>(
    "SELECT details FROM audit_events WHERE tenant_id = $1 AND actor = 'anonymous' AND action = 'portal.sign-in'",
    [tenant.tenantId],
  )
  expect(
    rows.map(({ details }) => z.object({ checks: z.array(z.unknown()) }).parse(JSON.parse(details)).checks),
  ).toEqual([[{ check: 'account', outcome: 'failed', detail: 'unknown' }]])
})

it('writes every attempt down with its checks, and no secret', async () => {
  const user = await harness.user(tenant, 'ivan', { totp: true })
  const codes = await enrolTotp(user)
  const { challenge } = await begin(user)
  const wrong = codes.wrong()
  await answer(totp(challenge, wrong))
  await answer(totp(challenge, codes.next()))
  const attempts = (await auditOf(user)).filter(({ action }) => action === 'portal.sign-in').slice(-3)
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['factor-required', 'wrong-otp', 'ok'])
  const details = attempts.map((row) => JSON.parse(row.details ?? '{}') as { checks: { check: string }[] })
  expect(details[0]?.checks).toEqual(
    expect.arrayContaining([
      { check: 'password', outcome: 'passed' },
      { check: 'mfa', outcome: 'passed', detail: 'required' },
      { check: 'question', outcome: 'asked' },
    ]),
  )
  expect(details[1]).toEqual({
    checks: [
      { check: 'password', outcome: 'passed' },
      { check: 'factor', outcome: 'failed', detail: 'wrong-otp' },
    ],
    source: '127.0.0.1',
  })
  expect(details[2]).toMatchObject({ factor: 'totp', source: '127.0.0.1' })
  const text = JSON.stringify(await auditOf(user))
  for (const secret of [PASSWORD, wrong, challenge]) expect(text).not.toContain(secret)
  const { rows } = await database.query<{ last_sign_in_at: Date | null }>(
    'SELECT last_sign_in_at FROM users WHERE id = $1',
    [user.userId],
  )
  expect(Date.now() - (rows[0]?.last_sign_in_at?.getTime() ?? 0)).toBeLessThan(60_000)
})

it('hashes a password anew that was hashed with less work, also when a second factor has to follow', async () => {
  const user = await harness.user(tenant, 'sybil', { totp: true })
  const codes = await enrolTotp(user)
  await database.query('UPDATE users SET password_hash = $1 WHERE id = $2', [WEAK_HASH, user.userId])
  const { challenge } = await begin(user)
  const { rows } = await database.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [
    user.userId,
  ])
  expect(rows[0]?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(await answer(totp(challenge, codes.next()))).toBe('signed-in')
  expect((await begin(user)).methods).toEqual(['totp'])
})

it('lets who must have a second factor enrol one and do nothing else, and gives a device only then', async () => {
  const user = await harness.user(tenant, 'judy', { totp: true })
  const { api } = user.client
  expect(await api.call('GET', '/me')).toMatchObject({
    mustEnrolFactor: true,
    factors: { required: true, enrolled: [] },
  })
  expect(await factorsOf(user)).toMatchObject({ mustEnrol: true, enrolBefore: null })
  for (const [method, path] of [
    ['GET', '/devices'],
    ['GET', '/connections'],
    ['POST', '/me/recovery-codes'],
    ['POST', '/me/sign-out-everywhere'],
    ['GET', '/me/api-tokens'],
  ] as const) {
    await expect(api.call(method, path), path).rejects.toMatchObject({ status: 403, code: 'enrolment-required' })
  }
  await enrolTotp(user)
  expect(await api.call('GET', '/devices')).toMatchObject({ items: [] })
  expect(await factorsOf(user)).toMatchObject({ mustEnrol: false })
  expect((await user.client.enrolDevice('Laptop')).profile).toContain('auth-user-pass')
})

it('lets people in without a factor while their grace runs, and tells until when', async () => {
  const graceful = await harness.tenant('graceful')
  const { api } = graceful.client
  const user = await harness.user(graceful, 'kim', { totp: true })
  const group = z.object({ groupId: z.string() }).parse(await api.call('POST', '/groups', { name: 'new people' }))
  await api.call('PUT', `/groups/${group.groupId}/policy`, {
    policy: { mfa: 'required', enrolmentGraceSeconds: 86_400 },
  })
  await api.call('PUT', `/groups/${group.groupId}/members/${user.userId}`)
  const { mustEnrol, enrolBefore } = await factorsOf(user)
  expect(mustEnrol).toBe(false)
  const left = Date.parse(enrolBefore ?? '') - Date.now()
  expect(left).toBeGreaterThan(86_000_000)
  expect(left).toBeLessThan(86_400_001)
  expect(await user.client.api.call('GET', '/devices')).toMatchObject({ items: [] })
  await api.call('PUT', `/groups/${group.groupId}/policy`, { policy: {} })
  await expect(user.client.api.call('GET', '/devices')).rejects.toMatchObject({ code: 'enrolment-required' })
})

it('gives ten recovery codes once, and takes each once, however it is typed', async () => {
  const user = await harness.user(tenant, 'laura', { totp: true })
  await enrolTotp(user)
  const codes = await makeRecoveryCodes(user)
  expect(new Set(codes).size).toBe(10)
  expect((await factorsOf(user)).recoveryCodes).toEqual({ left: 10, of: 10 })
  const [first = '', second = '', third = ''] = codes
  expect((await begin(user)).methods).toEqual(['totp', 'recovery-code'])
  expect(await answer(recovery((await begin(user)).challenge, first))).toBe('signed-in')
  const typed = second.toUpperCase().replaceAll('-', '')
  expect(await answer(recovery((await begin(user)).challenge, typed), there())).toBe('signed-in')
  expect(await answer(recovery((await begin(user)).challenge, first))).toBe('wrong-recovery-code')
  expect(await answer(recovery((await begin(user)).challenge, 'aaaa-aaaa-aaaa'))).toBe('wrong-recovery-code')
  const atOnce = new EnrolmentClient(harness.publicUrl)
  await atOnce.signIn({ tenant: 'acme', username: 'laura', password: PASSWORD, otp: third })
  expect((await factorsOf(user)).recoveryCodes).toEqual({ left: 7, of: 10 })
  const { rows } = await database.query<{ code_hash: string }>(
    'SELECT code_hash FROM recovery_codes WHERE user_id = $1',
    [user.userId],
  )
  for (const { code_hash } of rows) expect(code_hash).toMatch(/^[0-9a-f]{64}$/)
})

it('shows a begun secret again to the session that began it, and lets no other session see or confirm it', async () => {
  const user = await harness.user(tenant, 'olivia', { totp: true })
  const first = await user.client.beginTotp()
  expect(await user.client.beginTotp()).toEqual(first)

  const elsewhere = new EnrolmentClient(replica.publicUrl)
  await elsewhere.signIn({ tenant: 'acme', username: user.username, password: PASSWORD })
  await expect(elsewhere.confirmTotp(totpCode(first.secret, Date.now()))).rejects.toMatchObject({
    code: 'totp-begun-elsewhere',
  })
  const second = await elsewhere.beginTotp()
  expect(second.secret).not.toBe(first.secret)
  for (const { secret } of [first, second])
    await expect(user.client.confirmTotp(totpCode(secret, Date.now()))).rejects.toMatchObject({
      code: 'totp-begun-elsewhere',
    })
  await elsewhere.confirmTotp(totpCode(second.secret, Date.now()))
})

it('lets one of two win who use the same recovery code on two instances at once', async () => {
  const user = await harness.user(tenant, 'mallory', { totp: true })
  await enrolTotp(user)
  const codes = await makeRecoveryCodes(user)
  for (const code of codes.slice(0, 4)) {
    const challenges = [await begin(user), await begin(user, replica.publicUrl)]
    const outcomes = await Promise.all([
      answer(recovery(challenges[0]?.challenge ?? '', code)),
      answer(recovery(challenges[1]?.challenge ?? '', code), there()),
    ])
    expect(outcomes.toSorted()).toEqual(['signed-in', 'wrong-recovery-code'])
  }
})

it('replaces recovery codes by a new set, and takes them away with the last factor that they stand in for', async () => {
  const user = await harness.user(tenant, 'niaj', { totp: true })
  const codes = await enrolTotp(user)
  const [old = ''] = await makeRecoveryCodes(user)
  const [fresh = ''] = await makeRecoveryCodes(user)
  expect((await factorsOf(user)).recoveryCodes).toEqual({ left: 10, of: 10 })
  expect(await answer(recovery((await begin(user)).challenge, old))).toBe('wrong-recovery-code')
  expect(await answer(recovery((await begin(user)).challenge, fresh))).toBe('signed-in')
  await addPasskey(user, new SoftwareAuthenticator(harness.publicUrl))
  await user.client.api.call('DELETE', '/me/totp')
  expect((await factorsOf(user)).recoveryCodes).toEqual({ left: 9, of: 10 })
  expect(await answer(totp((await begin(user)).challenge, codes.next()))).toBe('wrong-otp')
  const [{ passkeyId } = { passkeyId: '' }] = (await factorsOf(user)).passkeys
  await user.client.api.call('DELETE', `/me/passkeys/${passkeyId}`)
  expect(await factorsOf(user)).toMatchObject({ mustEnrol: true, recoveryCodes: { left: 0, of: 0 } })
  await expect(user.client.api.call('GET', '/devices')).rejects.toMatchObject({ code: 'enrolment-required' })
})

it('looks anew at a password that the policy refused, and at a code that came to a sign-in that was over', async () => {
  const mended = await harness.tenant('mended')
  const user = await harness.user(mended, 'judy', { totp: true })
  await enrolTotp(user)
  const [code = ''] = await makeRecoveryCodes(user)
  const desk = new PolicyDesk(mended)
  const groupId = await desk.group({ mfa: 'required', methods: ['passkey'] }, user.userId)
  await expect(begin(user)).rejects.toMatchObject({ code: 'method-not-allowed' })
  await desk.changeGroup(groupId, {})
  const { challenge } = await begin(user)
  for (let guess = 0; guess < 5; guess += 1) {
    const assertion = new SoftwareAuthenticator(harness.publicUrl).get({ challenge })
    expect(await answer(passkey(challenge, assertion))).toBe('wrong-passkey')
  }
  expect(await answer(recovery(challenge, code))).toBe('challenge-expired')
  expect(await answer(recovery((await begin(user)).challenge, code))).toBe('signed-in')
})

it('takes a change of the password, which asks for no second factor, for no repetition of the sign-in', async () => {
  const user = await harness.user(tenant, 'kim', { totp: true })
  await enrolTotp(user)
  for (const key of await redis.keys('*:session:*')) {
    const kept = (await redis.get(key)) ?? ''
    if (!kept.includes(user.userId)) continue
    const older = (_: string, at: string): string => `"authenticatedAtMs":${String(Number(at) - 301_000)}`
    await redis.set(key, kept.replace(/"authenticatedAtMs":(\d+)/, older), 'KEEPTTL')
  }
  const refused = { status: 403, code: 'reauthentication-required' }
  await expect(user.client.api.call('DELETE', '/me/totp')).rejects.toMatchObject(refused)
  await user.client.changePassword(PASSWORD, 'quiet orchard over 17 bridges')
  await expect(user.client.api.call('DELETE', '/me/totp')).rejects.toMatchObject(refused)
})
