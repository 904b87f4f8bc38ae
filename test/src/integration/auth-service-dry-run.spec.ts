import type { AuthoriseResponse, Credential } from '@sallyport/contracts'
import { fieldOf, requiredText } from '@sallyport/local-services'
import { SeededRandom } from '@sallyport/testkit'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, type NodeClient } from './auth-service-harness.ts'
import { PolicyDesk, type Rules } from './policy-desk.ts'
import { passwordOf, People, type Person } from './policy-people.ts'

const SEED = 20_261_125
const ROUNDS = 40
const HOUR_MS = 3_600_000

let harness: AuthServiceHarness
let node: NodeClient
let desk: PolicyDesk
let people: People
let database: pg.Client

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  const tenant = await harness.tenant('acme')
  desk = new PolicyDesk(tenant)
  people = new People(harness, node, tenant)
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
})

afterAll(async () => {
  await database.end()
  await harness[Symbol.asyncDispose]()
})

/** What both a dry run and a real attempt say: the decision, its reason, and whether its login ends at the same time. */
function outcomeOf(answer: AuthoriseResponse): string {
  if (answer.decision === 'allow') return `allow until ${answer.grant.sessionEndsAt}`
  return answer.decision === 'deny' ? `deny ${answer.code}` : 'challenge'
}

function predictedBy(view: unknown): string {
  const decision = requiredText(view, 'decision')
  if (decision === 'allow') return `allow until ${requiredText(view, 'sessionEndsAt')}`
  return decision === 'deny' ? `deny ${requiredText(view, 'reason')}` : decision
}

/** A login begins some moments after the dry run: ten seconds are the same time here. */
function isSame(one: string, other: string): boolean {
  const [[oneSays, oneEnd], [otherSays, otherEnd]] = [one.split(' until '), other.split(' until ')]
  if (oneEnd === undefined || otherEnd === undefined) return one === other
  return oneSays === otherSays && Math.abs(Date.parse(oneEnd) - Date.parse(otherEnd)) < 10_000
}

function someRules(random: SeededRandom): Rules {
  return {
    mfa: random.pick(['required', 'optional', 'off']),
    methods: random.pick([['totp'], ['totp', 'passkey', 'recovery-code'], ['passkey', 'recovery-code']]),
    enrolmentGraceSeconds: random.pick([0, 86_400]),
    askAgain: random.pick<Rules>([
      { every: 'connection' },
      { every: 'hours', hours: 1 },
      { every: 'hours', hours: 24 },
      { every: 'day', untilLocalTime: '03:00' },
    ]),
    askOnNewDevice: random.pick([true, false]),
    askOnAddressChange: random.pick([true, false]),
    askOnCountryChange: random.pick([true, false]),
    timeZone: random.pick(['UTC', 'Asia/Kolkata', 'America/St_Johns']),
    sessionsEndAt: random.pick([null, '04:00']),
    connectionLimit: random.pick([null, 1]),
    tokenSeconds: random.pick([60, 43_200]),
  }
}

interface Candidate {
  readonly person: Person
  readonly groupId: string
  /** A token of a login that began at this time. */
  readonly token: string
  readonly loginMs: number
}

async function candidates(): Promise<readonly [Candidate, ...Candidate[]]> {
  const made: Candidate[] = []
  for (const kind of ['factor', 'factor', 'factor', 'none', 'none'] as const) {
    const person = kind === 'factor' ? await people.withTotp() : await people.withoutFactor()
    const groupId = await desk.group(kind === 'factor' ? {} : { mfa: 'off' }, person.userId)
    const loginMs = Date.now()
    const { sessionToken, connectionId } = await person.connect(kind === 'factor' ? person.code() : undefined)
    await person.leave(connectionId)
    made.push({ person, groupId, token: sessionToken, loginMs })
  }
  // One whose proof is old, and one who is connected on another device.
  const [first, second, third] = made
  if (!first || !second || !third) throw new Error('too few people')
  await database.query("update devices set factor_at = factor_at - interval '5 hours' where id = $1", [
    second.person.device.deviceId,
  ])
  await third.person.on('Phone')
  const another = await third.person.on('Tablet')
  await another.connect(another.code())
  return [first, ...made.slice(1)]
}

it('predicts what then really happens, whatever the policy and the attempt are', { timeout: 120_000 }, async () => {
  const random = new SeededRandom(SEED)
  const among = await candidates()
  const outcomes = new Set<string>()
  for (let round = 0; round < ROUNDS; round += 1) {
    const { person, groupId, token, loginMs } = random.pick(among)
    const rules = someRules(random)
    const isToken = random.pick([true, false])
    const address = random.pick([person.address, '203.0.113.44'])
    const issuedAt = new Date(loginMs).toISOString()
    const attempt = {
      deviceId: person.device.deviceId,
      address,
      credential: isToken ? { kind: 'token', loginStartedAt: issuedAt, issuedAt } : { kind: 'password' },
    }
    const draft = { groupPolicies: [{ groupId, policy: rules }] }
    const supposed = predictedBy(await desk.dryRun(person.userId, attempt, draft))
    await desk.changeGroup(groupId, rules)
    const told = predictedBy(await desk.dryRun(person.userId, attempt))
    const credential: Credential = isToken ? { kind: 'session-token', token } : passwordOf()
    const answer = await person.at(address).ask(credential)
    const really = outcomeOf(answer)
    const situation = JSON.stringify({ round, rules, isToken, address })
    for (const predicted of [told, supposed]) {
      expect(isSame(predicted, really), `${predicted}, really ${really}: ${situation}`).toBe(true)
    }
    outcomes.add(really.split(' until')[0] ?? '')
    if (answer.decision === 'allow') await person.leave(answer.grant.connectionId)
  }
  expect([...outcomes]).toEqual(
    expect.arrayContaining(['allow', 'challenge', 'deny token-expired', 'deny otp-not-enrolled']),
  )
})

it('predicts what a right code does', async () => {
  const person = await people.withTotp()
  const given = { deviceId: person.device.deviceId, credential: { kind: 'password', factor: 'totp' } }
  expect(await desk.dryRun(person.userId, given)).toMatchObject({ decision: 'allow', reason: null, methods: [] })
  const groupId = await desk.group({ methods: ['passkey'] }, person.userId)
  expect(await desk.dryRun(person.userId, given)).toMatchObject({ decision: 'deny', reason: 'method-not-allowed' })
  await desk.changeGroup(groupId, {})
  expect(await person.password(person.code())).toBe('allow')
})

it('begins a time of grace with a draft that begins to require a factor, as setting it would', async () => {
  const person = await people.withoutFactor()
  await database.query("update users set factor_grace_from = now() - interval '1 year' where id = $1", [person.userId])
  const groupId = await desk.group({ mfa: 'off' }, person.userId)
  const rules = { mfa: 'required', enrolmentGraceSeconds: 3600 }
  const draft = { groupPolicies: [{ groupId, policy: rules }] }
  const predicted = await desk.dryRun(person.userId, {}, draft)
  expect(predicted).toMatchObject({ decision: 'allow' })
  const inAnHour = new Date(Date.now() + HOUR_MS + 60_000).toISOString()
  expect(await desk.dryRun(person.userId, { at: inAnHour }, draft)).toMatchObject({
    decision: 'deny',
    reason: 'otp-not-enrolled',
  })
  await desk.changeGroup(groupId, rules)
  expect(await person.password()).toBe('allow')
})

it('begins it for a draft of the tenant’s policy as well', async () => {
  const rival = new PolicyDesk(await harness.tenant('rival'))
  const person = await new People(harness, node, rival.tenant).withoutFactor()
  await database.query("update users set factor_grace_from = now() - interval '1 year' where id = $1", [person.userId])
  await rival.change({ mfa: 'optional' })
  const { rules } = await rival.current()
  const policy = { ...rules, mfa: 'required', enrolmentGraceSeconds: 3600 }
  expect(await rival.dryRun(person.userId, {}, { policy })).toMatchObject({ decision: 'allow' })
  await rival.change({ mfa: 'required', enrolmentGraceSeconds: 3600 })
  expect(await person.password()).toBe('allow')
})

it('tells of far times what a proof, a token and a login are worth then', async () => {
  const person = await people.withTotp()
  const { deviceId } = person.device
  await desk.group({ askAgain: { every: 'hours', hours: 720 }, idleSeconds: 1800, tokenSeconds: 3600 }, person.userId)
  const loginMs = Date.now()
  await person.connect(person.code())
  const after = (ms: number): string => new Date(loginMs + ms).toISOString()
  const token = { kind: 'token', loginStartedAt: after(0), issuedAt: after(0) }
  const { address } = person
  const ask = (attempt: object): Promise<unknown> => desk.dryRun(person.userId, { deviceId, address, ...attempt })
  expect(await ask({ at: after(0.4 * HOUR_MS), credential: token })).toMatchObject({ decision: 'allow' })
  expect(await ask({ at: after(0.6 * HOUR_MS), credential: token })).toMatchObject({ reason: 'token-expired' })
  expect(await ask({ at: after(719 * HOUR_MS) })).toMatchObject({ decision: 'allow' })
  expect(await ask({ at: after(721 * HOUR_MS) })).toMatchObject({ decision: 'challenge', reason: 'proof-too-old' })
  const renewed = { ...token, issuedAt: after(12.1 * HOUR_MS) }
  expect(await ask({ at: after(12.2 * HOUR_MS), credential: renewed })).toMatchObject({ reason: 'session-ended' })
  expect(await ask({ at: after(730 * 24 * HOUR_MS + HOUR_MS) })).toMatchObject({ reason: 'certificate-expired' })
})

it('takes what is supposed in the place of what is so', async () => {
  const person = await people.withTotp()
  const { userId } = person
  const { deviceId } = person.device
  expect(await desk.dryRun(userId, { enrolled: [] })).toMatchObject({ reason: 'otp-not-enrolled' })
  expect(await desk.dryRun(userId, { where: 'portal', enrolled: [] })).toMatchObject({ decision: 'allow' })
  const lastProof = { at: new Date(Date.now() - HOUR_MS).toISOString(), method: 'totp', address: '192.0.2.1' }
  const policy = { ...(await desk.current()).rules, askAgain: { every: 'hours', hours: 2 } }
  const more = { policy }
  expect(await desk.dryRun(userId, { deviceId, lastProof }, more)).toMatchObject({ decision: 'allow' })
  expect(await desk.dryRun(userId, { deviceId, lastProof: null }, more)).toMatchObject({ reason: 'no-proof' })
})

it('changes nothing, asks nobody and uses no code up', async () => {
  const person = await people.withTotp()
  const count = async (table: string): Promise<string> =>
    JSON.stringify((await database.query(`select count(*) from ${table}`)).rows)
  const before = [await count('connections'), await count('devices'), await desk.read()]
  await desk.dryRun(person.userId, { credential: { kind: 'password', factor: 'totp' } }, { policy: undefined })
  expect([await count('connections'), await count('devices'), await desk.read()]).toEqual(before)
  expect(fieldOf(await desk.effective(person.userId), 'userId')).toBe(person.userId)
  expect(await person.password(person.code())).toBe('allow')
})

it('takes no device of another user, and no time that is none', async () => {
  const [one, other] = [await people.withoutFactor(), await people.withoutFactor()]
  const { deviceId } = other.device
  await expect(desk.dryRun(one.userId, { deviceId })).rejects.toMatchObject({ status: 404 })
  await expect(desk.dryRun(one.userId, { at: 'yesterday' })).rejects.toMatchObject({ status: 400 })
  for (const address of ['', 'no address', '192.0.2.256', '192.0.2.0/24', 'x'.repeat(46)]) {
    await expect(desk.dryRun(one.userId, { address }), address).rejects.toMatchObject({ status: 400 })
  }
  await expect(desk.dryRun(one.userId, { enrolled: ['sms'] })).rejects.toMatchObject({ status: 400 })
})
