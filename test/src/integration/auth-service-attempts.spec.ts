import { setTimeout as delay } from 'node:timers/promises'

import { ServiceUnavailableError } from '@sallyport/cluster-identity'
import { type Credential, syncResponse } from '@sallyport/contracts'
import { EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

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

/** Redis keys of what is remembered about stale credentials. */
const STALE_KEYS = '*:attempts:*:stale:*'
/** Wrong attempts of an account that cost nothing, and how many of them are checked at a time. */
const FREE = 5
const AT_A_TIME = 10

let harness: AuthServiceHarness
let node: NodeClient
let tenant: TestTenant
let database: pg.Client
let redis: Redis
let sources = 0

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  tenant = await harness.tenant('acme')
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
  redis = new Redis(harness.redis.url)
})

afterAll(async () => {
  redis.disconnect()
  await database.end()
  await harness[Symbol.asyncDispose]()
})

const password = (text: string, response?: string): Credential => ({
  kind: 'password',
  password: text,
  ...(response === undefined ? {} : { response }),
})

/** A user with a device, whose attempts come from a source of their own. */
async function person(username: string, options: { totp: boolean }) {
  const user = await harness.user(tenant, username, options)
  const codes = options.totp ? await enrolTotp(user) : undefined
  const device = await enrolDevice(user, 'Laptop')
  sources += 1
  const remote = { transport: 'udp' as const, address: `203.0.113.${String(sources)}`, port: 1 }
  const decide = (credential: Credential, address = remote.address) =>
    node.decision(authoriseRequestOf(user, device, credential, { remote: { ...remote, address } }))
  return { user, codes, device, decide }
}

async function auditOutcomes(device: TestDevice): Promise<string[]> {
  const sql = "select outcome from audit_events where actor = 'device:' || $1 and outcome <> 'ok' order by at"
  const { rows } = await database.query<{ outcome: string }>(sql, [device.deviceId])
  return rows.map(({ outcome }) => outcome)
}

async function repeat(times: number, attempt: () => Promise<string>): Promise<string[]> {
  const decisions: string[] = []
  for (let time = 0; time < times; time += 1) decisions.push(await attempt())
  return decisions
}

it('never checks a stale code again while it is repeated: not even when it becomes right', async () => {
  const { user, codes, decide } = await person('alice', { totp: true })
  const code = codes?.next() ?? ''
  await setLastStep(user, 2 ** 31)
  expect(await decide(password(PASSWORD, code))).toBe('otp-reused')
  await setLastStep(user, 0)
  expect(await decide(password(PASSWORD, code))).toBe('otp-reused')
  await forgetStale()
  expect(await decide(password(PASSWORD, code))).toBe('allow')
})

it('counts a repeated wrong code once for the account, and writes it down once', async () => {
  const { codes, device, decide } = await person('bob', { totp: true })
  const wrong = codes?.wrong() ?? ''
  expect(new Set(await repeat(20, () => decide(password(PASSWORD, wrong))))).toEqual(new Set(['wrong-otp']))
  expect(await auditOutcomes(device)).toEqual(['wrong-otp'])
  expect(await harness.metrics()).toMatch(/sallyport_vpn_authorisations_total\{reason="wrong-otp"\} 20/)
  expect(await decide(password(PASSWORD, codes?.next() ?? ''))).toBe('allow')
})

it('counts a wrong code as a new attempt when it was not repeated for a while', async () => {
  const { codes, decide } = await person('carol', { totp: true })
  const wrong = codes?.wrong() ?? ''
  const decisions = await repeat(7, async () => {
    const decision = await decide(password(PASSWORD, wrong))
    await forgetStale()
    return decision
  })
  expect(decisions.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'wrong-otp'))
  expect(decisions).toContain('too-many-attempts')
})

it('remembers no more than two stale credentials of an account', async () => {
  const { device, decide } = await person('dave', { totp: false })
  for (const text of ['one', 'two', 'three', 'two', 'three']) await decide(password(text))
  expect(await auditOutcomes(device)).toHaveLength(3)
  expect(await decide(password('one'))).toBe('wrong-password')
  expect(await auditOutcomes(device)).toHaveLength(4)
})

it('locks nobody out because a client repeats one credential without end', async () => {
  const { decide } = await person('erin', { totp: false })
  const decisions = await repeat(60, () => decide(password('the same')))
  expect(new Set(decisions)).toEqual(new Set(['wrong-password']))
  expect(await decide(password(PASSWORD))).toBe('allow')
})

it('limits by source whoever tries one password with many users, an IPv6 subscriber by all of their addresses', async () => {
  const { decide } = await person('frank', { totp: false })
  const subscriber = '2001:db8::/64'
  await redis.hset(`sallyport:auth:1:{${tenant.tenantId}}:attempts:vpn:source:${subscriber}`, 'count', '29')
  expect(await decide(password('many have it'), '2001:db8::1')).toBe('wrong-password')
  expect(await decide(password(PASSWORD), '2001:db8::2')).toBe('too-many-attempts')
  expect(await decide(password(PASSWORD), '2001:db8:0:1::1')).toBe('allow')
})

it('checks no more guesses in parallel than are free and under way, and refuses the rest for now', async () => {
  const { user, decide } = await person('peggy', { totp: false })
  const guesses = Array.from({ length: 40 }, (_, number) =>
    decide(password(`guess ${String(number)}`)).catch(temporary),
  )
  const outcomes = await Promise.all(guesses)
  const checked = outcomes.filter((outcome) => outcome === 'wrong-password').length
  expect(checked).toBeGreaterThanOrEqual(FREE)
  expect(checked).toBeLessThanOrEqual(FREE + AT_A_TIME - 1)
  const known = ['wrong-password', 'temporary', 'too-many-attempts']
  expect(outcomes.filter((outcome) => !known.includes(outcome))).toEqual([])
  expect(await redis.hget(accountKey('vpn', user.userId), 'count')).toBe(String(checked))
})

it('lets an office come back at once: what is under way from one address is no failure', async () => {
  const people = await Promise.all(['ann', 'ben', 'cem', 'dot'].map((name) => person(name, { totp: false })))
  const office = '198.51.100.77'
  const comeBack = () =>
    Promise.all(people.flatMap(({ decide }) => Array.from({ length: 9 }, () => decide(password(PASSWORD), office))))
  expect(new Set(await comeBack())).toEqual(new Set(['allow']))
  expect(new Set(await comeBack())).toEqual(new Set(['allow']))
})

it('counts an old password once that several clients of one user show at the same moment', async () => {
  const { user, decide } = await person('rudi', { totp: false })
  const together = Array.from({ length: 9 }, () => decide(password('the one before')))
  expect(new Set(await Promise.all(together))).toEqual(new Set(['wrong-password']))
  expect(await redis.hget(accountKey('vpn', user.userId), 'count')).toBe('1')
  expect(await decide(password(PASSWORD))).toBe('allow')
})

it('forgets what an instance was checking when it died', async () => {
  const { user, decide } = await person('sven', { totp: false })
  const checks = accountKey('vpn', user.userId).replace(':account:', ':account-checks:')
  const nowSeconds = Math.floor(Date.now() / 1000)
  const left = Array.from({ length: AT_A_TIME }, (_, index) => [nowSeconds + 2, `left-${String(index)}`] as const)
  await redis.zadd(checks, ...left.flat())
  expect(await decide(password(PASSWORD)).catch(temporary)).toBe('temporary')
  await expect.poll(() => decide(password(PASSWORD)).catch(temporary), { timeout: 5000 }).toBe('allow')
  expect(await redis.zcard(checks)).toBe(0)
})

it('unlocks one user at the portal and with VPN clients', async () => {
  const { user, decide } = await person('tina', { totp: false })
  const until = String(Math.floor(Date.now() / 1000) + 600)
  await redis.hset(accountKey('vpn', user.userId), { count: '14', until })
  await redis.hset(accountKey('portal', 'tina'), { count: '14', until })
  expect(await decide(password(PASSWORD))).toBe('too-many-attempts')
  expect(await portalSignIn('tina', PASSWORD)).toBe('too-many-attempts')
  await tenant.client.api.call('POST', `/users/${user.userId}/unlock`)
  expect(await decide(password(PASSWORD))).toBe('allow')
  expect(await portalSignIn('tina', PASSWORD)).toBe('ok')
})

it('tells administrators who has to wait and until when, at the portal or with VPN clients', async () => {
  const { api } = tenant.client
  const [one, other] = [await person('wanda', { totp: false }), await person('wim', { totp: false })]
  await redis.hset(accountKey('portal', 'wanda'), 'count', '12')
  await redis.hset(accountKey('vpn', other.user.userId), 'count', '12')
  expect(await portalSignIn('wanda', 'a guess')).toBe('sign-in-failed')
  expect(await other.decide(password('a guess'))).toBe('wrong-password')
  const locked = async () => {
    const items = fieldOf(await api.call('GET', '/users?state=locked&search=w'), 'items')
    return z.array(z.object({ username: z.string(), lockedUntil: z.iso.datetime() })).parse(items)
  }
  const [wanda, wim, ...others] = await locked()
  expect([wanda?.username, wim?.username, others]).toEqual(['wanda', 'wim', []])
  const leftMs = Date.parse(wanda?.lockedUntil ?? '') - Date.now()
  expect(leftMs).toBeGreaterThan(200_000)
  expect(leftMs).toBeLessThan(260_000)
  await api.call('POST', `/users/${one.user.userId}/unlock`)
  expect(await api.call('GET', `/users/${one.user.userId}`)).toMatchObject({ lockedUntil: null })
  expect((await locked()).map(({ username }) => username)).toEqual(['wim'])
})

it('tells nobody by text or by time who exists', async () => {
  await person('uwe', { totp: false })
  const timed = async (username: string) => {
    const startMs = performance.now()
    const answers = await repeat(4, () => portalSignIn(username, `guess ${String(Math.random())}`))
    return { answers, ms: performance.now() - startMs }
  }
  const [known, unknown] = [await timed('uwe'), await timed('nobody-of-this-name')]
  expect(unknown.answers).toEqual(known.answers)
  expect(unknown.ms).toBeGreaterThan(known.ms / 3)
  expect(unknown.ms).toBeLessThan(known.ms * 3)
})

it('checks the same credential anew when the account has changed', async () => {
  const { user, decide } = await person('grace', { totp: false })
  const next = `${PASSWORD} and more`
  expect(await decide(password(next))).toBe('wrong-password')
  await user.client.changePassword(PASSWORD, next)
  expect(await decide(password(next))).toBe('allow')
})

it('limits wrong session tokens of a device at a source, and never a right one', async () => {
  const { user, device, decide } = await person('heidi', { totp: false })
  const answer = await node.authorise(authoriseRequestOf(user, device, password(PASSWORD)))
  const right = answer.decision === 'allow' ? answer.grant.sessionToken : ''
  let guess = 0
  const wrong = () => decide({ kind: 'session-token', token: `SESS_ID_AT_${String((guess += 1))}` })
  const decisions = await repeat(12, wrong)
  expect(decisions.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => 'token-invalid'))
  expect(decisions.at(-1)).toBe('too-many-attempts')
  expect(await decide({ kind: 'session-token', token: right })).toBe('allow')
})

it('writes one line for a waiting period, at the portal too', async () => {
  const user = await harness.user(tenant, 'ivan', { totp: false })
  const signIn = (text: string) =>
    new EnrolmentClient(harness.publicUrl).signIn({ tenant: 'acme', username: 'ivan', password: text })
  for (let guess = 0; guess < 15; guess += 1) await expect(signIn(`guess ${String(guess)}`)).rejects.toThrow()
  const sql = "select count(*)::int as lines from audit_events where actor = 'user:' || $1 and outcome = $2"
  const linesOf = async (outcome: string) =>
    (await database.query<{ lines: number }>(sql, [user.userId, outcome])).rows[0]?.lines ?? 0
  const counted = await linesOf('sign-in-failed')
  expect(counted).toBeGreaterThanOrEqual(5)
  expect(counted).toBeLessThan(8)
  // Each wrong one from the fifth on begins a waiting period.
  expect(await linesOf('too-many-attempts')).toBeGreaterThanOrEqual(1)
  expect(await linesOf('too-many-attempts')).toBeLessThanOrEqual(counted - 4)
})

it('allows nothing that was disabled, revoked, suspended or given a new password while it was checked', async () => {
  const races = [
    ['judy', 'update users set disabled_at = now() where id = $1', 'user-disabled'],
    ['kim', 'update users set token_generation = token_generation + 1 where id = $1', 'token-invalid'],
    ['leo', 'update devices set revoked_at = now() where user_id = $1', 'device-revoked'],
    [
      'mia',
      'update tenants set suspended_at = now() where id = (select tenant_id from users where id = $1)',
      'tenant-suspended',
    ],
  ] as const
  for (const [username, sql, expected] of races) {
    const { user, decide } = await person(username, { totp: false })
    await database.query('begin')
    await database.query(sql, [user.userId])
    const deciding = decide(password(PASSWORD))
    await delay(800)
    await database.query('commit')
    expect(await deciding, username).toBe(expected)
  }
  await database.query('update tenants set suspended_at = null')
})

it('allows nobody whose authority was retired while they were checked', async () => {
  const { user, decide } = await person('ursula', { totp: false })
  const { tenantId } = user.tenant
  const setState = (state: string) =>
    database.query('update certificate_authorities set state = $2 where tenant_id = $1', [tenantId, state])
  await database.query('begin')
  await database.query('update tenants set authority_version = authority_version + 1 where id = $1', [tenantId])
  await setState('retired')
  const deciding = decide(password(PASSWORD))
  await delay(800)
  await database.query('commit')
  expect(await deciding).toBe('certificate-mismatch')
  await setState('active')
  expect(await decide(password(PASSWORD))).toBe('allow')
})

it('does not count what names an organisation by its id, which no audit log would tell of', async () => {
  const user = await harness.user(tenant, 'victor', { totp: false })
  const { tenantId, slug } = user.tenant
  const signIn = (named: string, text: string) =>
    new EnrolmentClient(harness.publicUrl).signIn({ tenant: named, username: 'victor', password: text })
  for (let guess = 0; guess <= FREE; guess += 1) await signIn(tenantId, `wrong ${String(guess)}`).catch(() => undefined)
  await expect(signIn(tenantId, 'wrong')).rejects.toMatchObject({ code: 'too-many-attempts' })
  expect(await signIn(slug, PASSWORD)).toMatchObject({ mustChangePassword: false })
})

it('does not end a wait that another attempt began, when an attempt of before is taken back', async () => {
  const { user, codes, decide } = await person('quinn', { totp: true })
  const account = accountKey('vpn', user.userId)
  await database.query('begin')
  await setLastStep(user, 2 ** 31)
  const taken = decide(password(PASSWORD, codes?.next() ?? ''))
  await expect.poll(() => redis.zcard(account.replace(':account:', ':account-checks:'))).toBe(1)
  await redis.hset(account, 'until', String(Math.floor(Date.now() / 1000) + 60))
  await database.query('commit')
  expect(await taken).toBe('otp-reused')
  expect(await decide(password(PASSWORD, codes?.next() ?? ''))).toBe('too-many-attempts')
})

it('renegotiates no connection whose end was wanted while the token was checked', async () => {
  const { user, device } = await person('nina', { totp: false })
  const answer = await node.authorise(authoriseRequestOf(user, device, password(PASSWORD)))
  if (answer.decision !== 'allow') throw new Error(answer.decision)
  const { connectionId, sessionToken: token } = answer.grant
  await database.query('begin')
  await database.query('update connections set end_requested_at = now() where id = $1', [connectionId])
  const phase = 'renegotiation' as const
  const credential = { kind: 'session-token' as const, token }
  const deciding = node.decision(authoriseRequestOf(user, device, credential, { phase, connectionId }))
  await delay(500)
  await database.query('commit')
  expect(await deciding).toBe('token-invalid')
})

it('refuses a change of a password that was changed meanwhile', async () => {
  const { user } = await person('oscar', { totp: false })
  await database.query('begin')
  await database.query('update users set token_generation = token_generation + 1 where id = $1', [user.userId])
  const changing = tenant.client.api.call('POST', `/users/${user.userId}/reset-password`)
  const refused = expect(changing).rejects.toMatchObject({ status: 409, code: 'changed-meanwhile' })
  await delay(800)
  await database.query('commit')
  await refused
})

it('lists the connections of nodes that are heard, and those that ended', async () => {
  const { user, device } = await person('paul', { totp: false })
  const answer = await node.authorise(authoriseRequestOf(user, device, password(PASSWORD)))
  const connectionId = answer.decision === 'allow' ? answer.grant.connectionId : ''
  const isListed = async () => {
    const list = await listItems(tenant.client.api, '/connections')
    return list.some((connection) => connection['connectionId'] === connectionId)
  }
  const path = '/node-api/v1/connections/sync'
  await node.api.call({ method: 'POST', path, body: { connectionIds: [connectionId] }, response: syncResponse })
  expect(await isListed()).toBe(true)
  await database.query("update services set last_seen_at = now() - interval '61 seconds'")
  expect(await isListed()).toBe(false)
  await database.query("update connections set ended_at = now(), end_reason = 'node-lost' where id = $1", [
    connectionId,
  ])
  expect(await isListed()).toBe(true)
})

function setLastStep(user: TestUser, step: number): Promise<unknown> {
  return database.query('update users set totp_last_step = $2 where id = $1', [user.userId, step])
}

/** The code of the refusal of a sign-in at the portal, or ok. */
async function portalSignIn(username: string, text: string): Promise<string> {
  const answer = await fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'acme', username, password: text }),
  })
  const body: unknown = await answer.json()
  return answer.ok ? 'ok' : requiredText(body, 'code')
}

function temporary(error: unknown): string {
  if (error instanceof ServiceUnavailableError && error.message.includes('temporarily-unavailable')) return 'temporary'
  throw error
}

function accountKey(realm: 'vpn' | 'portal', account: string): string {
  return `sallyport:auth:1:{${tenant.tenantId}}:attempts:${realm}:account:${account}`
}

/** What happens by itself when a stale credential is not shown for a while. */
async function forgetStale(): Promise<void> {
  await redis.del('none', ...(await redis.keys(STALE_KEYS)))
}
