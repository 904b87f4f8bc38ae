import { createHash } from 'node:crypto'

import type { AuthoriseRequest, AuthoriseResponse, Credential } from '@sallyport/contracts'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  enrolTotp,
  type NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { type Replica, startReplica } from './auth-service-replica.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

const CHALLENGE_KEYS = 'sallyport:auth:1:challenge:*'

let harness: AuthServiceHarness
let replica: Replica
let node: NodeClient
/** A node of the other instance. */
let other: NodeClient
let tenant: TestTenant
let redis: Redis
let database: pg.Client
let sources = 0

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  replica = await startReplica(harness)
  node = await harness.node('node-1')
  other = await replica.node('node-2')
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

type Changes = Partial<AuthoriseRequest>

/** A user with a second factor and a device, who comes from an address of their own. */
async function person(username: string, of = tenant) {
  const user = await harness.user(of, username, { totp: true })
  const codes = await enrolTotp(user)
  const device = await enrolDevice(user, 'Laptop')
  sources += 1
  const remote = { transport: 'udp' as const, address: `198.51.100.${String(sources)}`, port: 1 }
  const request = (credential: Credential, changes: Changes = {}): AuthoriseRequest =>
    authoriseRequestOf(user, device, credential, { remote, dialogues: ['dynamic-challenge'], ...changes })
  const begin = async (): Promise<string> => stateOf(await node.authorise(request(password())))
  const answer = (state: string, response: string, changes: Changes = {}, at = node): Promise<string> =>
    at.decision(request(challengeResponse(state, response), changes))
  return { user, codes, device, request, begin, answer }
}

function password(text = PASSWORD, response?: string): Credential {
  return { kind: 'password', password: text, ...(response === undefined ? {} : { response }) }
}

function challengeResponse(state: string, response: string): Credential {
  return { kind: 'challenge-response', state, response }
}

function stateOf(answer: AuthoriseResponse): string {
  if (answer.decision !== 'challenge') throw new Error(JSON.stringify(answer))
  return answer.state
}

it('gives no challenge, and tells nothing, before the password was right', async () => {
  const { request } = await person('alice')
  const wrong = await node.authorise(request(password('not it')))
  expect(wrong).toMatchObject({ decision: 'deny', code: 'wrong-password' })
  expect(await node.authorise(request(password('not it'), { dialogues: [] }))).toEqual(wrong)
  expect(await node.authorise(request(password(), { username: 'admin' }))).toEqual(wrong)
})

it('gives none to a client that cannot answer, nor in the middle of a connection', async () => {
  const { request } = await person('bob')
  expect(await node.decision(request(password(), { dialogues: [] }))).toBe('otp-required')
  expect(await node.decision(request(password(), { dialogues: ['web'] }))).toBe('otp-required')
  const phase = { phase: 'renegotiation' as const, connectionId: '00000000-0000-4000-8000-000000000000' }
  expect(await node.decision(request(password(), phase))).toBe('otp-required')
})

it('finishes on another instance what one began', async () => {
  const { codes, request, answer } = await person('carol')
  const challenge = await node.authorise(request(password(), { dialogues: ['text'] }))
  expect(challenge).toMatchObject({ decision: 'challenge', method: 'code', echo: true })
  expect(await answer(stateOf(challenge), codes.next(), {}, other)).toBe('allow')
})

it('takes an answer once, also when two instances get it at the same moment', async () => {
  const { codes, begin, answer } = await person('dave')
  const state = await begin()
  expect(await answer(state, codes.next())).toBe('allow')
  expect(await answer(state, codes.wrong())).toBe('challenge-expired')
  const again = await begin()
  const code = codes.next()
  const decisions = await Promise.all([answer(again, code), answer(again, code, {}, other)])
  expect(decisions.filter((decision) => decision === 'allow')).toHaveLength(1)
})

it('says that a code is wrong, and takes the right one after it', async () => {
  const { codes, request, begin, answer } = await person('erin')
  const state = await begin()
  const wrong = await node.authorise(request(challengeResponse(state, codes.wrong())))
  expect(wrong).toMatchObject({
    decision: 'deny',
    code: 'wrong-otp',
    message: matching(/^The code is not right/),
  })
  expect(await answer(state, codes.next())).toBe('allow')
})

it('takes no answer of another device, certificate, user or tenant, and still that of its own', async () => {
  const { user, codes, begin, answer } = await person('frank')
  const second = await enrolDevice(user, 'Phone')
  const rival = await harness.tenant('rival')
  const stranger = await person('mallory', rival)
  const state = await begin()
  const code = codes.next()
  const ofSecond = { deviceId: second.deviceId, certificate: second.certificate }
  expect(await answer(state, code, ofSecond)).toBe('challenge-expired')
  expect(await answer(state, code, { certificate: second.certificate })).toBe('certificate-mismatch')
  expect(await answer(state, code, { username: 'admin' })).toBe('challenge-expired')
  expect(await stranger.answer(state, code)).toBe('challenge-expired')
  expect(await stranger.answer(state, stranger.codes.next())).toBe('challenge-expired')
  expect(await stranger.answer(state, code, { tenantId: tenant.tenantId })).toBe('unknown-device')
  expect(await answer(state, code)).toBe('allow')
})

it('forgets a challenge after five minutes', async () => {
  const { codes, begin, answer } = await person('grace')
  const state = await begin()
  const keys = await redis.keys(CHALLENGE_KEYS)
  expect(keys.filter((name) => name.includes(state))).toEqual([])
  const hash = createHash('sha256').update(state).digest('base64url')
  const [key = ''] = keys.filter((name) => name.endsWith(hash))
  const lifeSeconds = await redis.ttl(key)
  expect(lifeSeconds).toBeGreaterThan(290)
  expect(lifeSeconds).toBeLessThanOrEqual(300)
  await redis.pexpire(key, 1)
  await expect.poll(() => redis.exists(key)).toBe(0)
  expect(await answer(state, codes.next())).toBe('challenge-expired')
  expect(await answer('never-made', codes.next())).toBe('challenge-expired')
})

it('takes no answer after the password was reset or the device revoked', async () => {
  const { user, device, codes, begin, answer } = await person('heidi')
  const state = await begin()
  await database.query('update users set token_generation = token_generation + 1 where id = $1', [user.userId])
  expect(await answer(state, codes.next())).toBe('challenge-expired')
  const next = await begin()
  await tenant.client.api.call('DELETE', `/devices/${device.deviceId}`)
  expect(await answer(next, codes.next())).toBe('device-revoked')
})

it('takes no code that was used before, however it was given', async () => {
  const { codes, request, begin, answer } = await person('ivan')
  const code = codes.next()
  expect(await node.decision(request(password(PASSWORD, code)))).toBe('allow')
  expect(await answer(await begin(), code)).toBe('otp-reused')
  const next = codes.next()
  expect(await answer(await begin(), next, {}, other)).toBe('allow')
  expect(await node.decision(request(password(`${PASSWORD}${next}`)))).toBe('otp-reused')
})

it('counts wrong codes whatever challenge they answer: the password buys no more of them', async () => {
  const { codes, request, answer } = await person('judy')
  const decisions: string[] = []
  for (let round = 0; round < 12 && !decisions.includes('too-many-attempts'); round += 1) {
    const asked = await node.authorise(request(password()))
    decisions.push(asked.decision === 'deny' ? asked.code : await answer(stateOf(asked), codes.wrong()))
  }
  expect(decisions.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'wrong-otp'))
  expect(decisions).toContain('too-many-attempts')
})

it('ends a challenge that got six wrong codes, though the account forgot them', async () => {
  const { codes, begin, answer } = await person('kim')
  const state = await begin()
  for (let count = 1; count <= 5; count += 1) {
    expect(await answer(state, `wrong ${String(count)}`)).toBe('wrong-otp')
    await forgetAttempts()
  }
  expect(await answer(state, codes.next())).toBe('challenge-expired')
})

it('takes password and code in one field from clients that know no other', async () => {
  const { codes, request } = await person('leo')
  const decide = (text: string): Promise<string> => node.decision(request(password(text), { dialogues: [] }))
  const code = codes.next()
  expect(await decide(`not it${code}`)).toBe('wrong-password')
  expect(await decide(`${PASSWORD}${codes.wrong()}`)).toBe('wrong-otp')
  expect(await decide(`${PASSWORD}${code}`)).toBe('allow')
  expect(await decide(PASSWORD)).toBe('otp-required')
})

it('takes six digits at the end of a password for what they are', async () => {
  const { user, codes, request } = await person('mia')
  const ownPassword = 'violet harbour under 123456'
  await user.client.changePassword(PASSWORD, ownPassword)
  const decide = (text: string): Promise<string> => node.decision(request(password(text), { dialogues: [] }))
  expect(await decide(ownPassword)).toBe('otp-required')
  expect(await decide(`${ownPassword}${codes.next()}`)).toBe('allow')
})

it('does not cut the password of a user who needs no code', async () => {
  const user = await harness.user(tenant, 'nina', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  expect(await node.decision(authoriseRequestOf(user, device, password(`${PASSWORD}123456`)))).toBe('wrong-password')
  expect(await node.decision(authoriseRequestOf(user, device, password()))).toBe('allow')
})

it('ends a token that nobody renewed for as long as the policy lets it idle', async () => {
  const { codes, request } = await person('oscar')
  const answer = await node.authorise(request(password(PASSWORD, codes.next())))
  const token = answer.decision === 'allow' ? answer.grant.sessionToken : ''
  const decide = (): Promise<string> => node.decision(request({ kind: 'session-token', token }))
  expect(await decide()).toBe('allow')
  // Below what the API takes, so that it is over at once.
  await database.query(`INSERT INTO policies (tenant_id, policy) VALUES ('${tenant.tenantId}', '{"idleSeconds": 1}')`)
  await expect.poll(decide, { timeout: 5000, interval: 500 }).toBe('token-expired')
  await database.query('DELETE FROM policies')
})

/** What an hour without attempts does. */
async function forgetAttempts(): Promise<void> {
  await redis.del('none', ...(await redis.keys('*:attempts:*')))
}
