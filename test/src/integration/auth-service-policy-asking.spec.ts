import { setTimeout as delay } from 'node:timers/promises'

import { fieldOf } from '@sallyport/local-services'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolDevice, enrolTotp, type NodeClient, PASSWORD } from './auth-service-harness.ts'
import { PolicyDesk } from './policy-desk.ts'
import { passwordOf, People } from './policy-people.ts'

const ELSEWHERE = '203.0.113.200'

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

/** What a clock that goes on would do to a proof and to an account. */
async function age(deviceId: string, interval: string): Promise<void> {
  const aged = await database.query('update devices set factor_at = factor_at - $2::interval where id = $1', [
    deviceId,
    interval,
  ])
  expect(aged.rowCount).toBe(1)
}

it('keeps out who must have a factor and has none, from devices too, until they enrol one', async () => {
  const person = await people.withoutFactor()
  const { user } = person
  expect(await person.password()).toBe('otp-not-enrolled')
  expect(await user.client.api.call('GET', '/me')).toMatchObject({ mustEnrolFactor: true })
  await expect(enrolDevice(user, 'Phone')).rejects.toMatchObject({ status: 403 })

  const codes = await enrolTotp(user)
  expect(await user.client.api.call('GET', '/me')).toMatchObject({ mustEnrolFactor: false })
  const phone = await enrolDevice(user, 'Phone')
  expect(phone.profile).toContain('static-challenge')
  expect(await person.password()).toBe('challenge')
  expect(await person.password(codes.next())).toBe('allow')
})

it('lets in who has no factor while grace lasts, tells until when, and not a moment longer', async () => {
  const person = await people.withoutFactor()
  const groupId = await desk.group({ mfa: 'optional' }, person.userId)
  expect(await person.password()).toBe('allow')
  // A group that states mfa begins its own time of grace with it, however old the account is.
  await database.query("update users set factor_grace_from = now() - interval '1 year' where id = $1", [person.userId])
  const beganMs = Date.now()
  await desk.changeGroup(groupId, { mfa: 'required', enrolmentGraceSeconds: 4 })
  const answer = await person.ask(passwordOf())
  expect(answer.decision).toBe('allow')
  const me = await person.user.client.api.call('GET', '/me')
  expect(me).toMatchObject({ mustEnrolFactor: false })
  const deadlineMs = Date.parse(String(fieldOf(me, 'enrolFactorBefore')))
  expect(deadlineMs - beganMs).toBeGreaterThan(3000)
  expect(deadlineMs - beganMs).toBeLessThan(6000)
  await enrolDevice(person.user, 'In time')
  await delay(deadlineMs - Date.now() + 50)
  expect(await person.password()).toBe('otp-not-enrolled')
  const token = answer.decision === 'allow' ? answer.grant.sessionToken : ''
  expect(await person.token(token)).toBe('otp-not-enrolled')
  await expect(enrolDevice(person.user, 'Too late')).rejects.toMatchObject({ status: 403 })
})

it('does not begin grace anew when a group states the same requirement again', async () => {
  const person = await people.withoutFactor()
  const groupId = await desk.group({ mfa: 'required', enrolmentGraceSeconds: 3600 }, person.userId)
  const until = async () => String(fieldOf(await person.user.client.api.call('GET', '/me'), 'enrolFactorBefore'))
  const first = await until()
  await delay(50)
  await desk.changeGroup(groupId, { mfa: 'required', enrolmentGraceSeconds: 3600, deviceLimit: 9 })
  expect(await until()).toBe(first)
})

it('asks nobody without a factor where it is optional, but who has one', async () => {
  const [without, having] = [await people.withoutFactor(), await people.withTotp()]
  await desk.group({ mfa: 'optional' }, without.userId, having.userId)
  expect(await without.password()).toBe('allow')
  expect(await having.password()).toBe('challenge')
  expect(await having.password(having.code())).toBe('allow')
})

it('asks nobody where it is off, and does not look at a code that a profile asks for', async () => {
  const person = await people.withTotp()
  await desk.group({ mfa: 'off' }, person.userId)
  expect(await person.password()).toBe('allow')
  expect(await person.password('000000')).toBe('allow')
  const code = person.code()
  expect(await person.password(code)).toBe('allow')
  expect(await person.password(code)).toBe('allow')
})

it('accepts no code where methods are without totp', async () => {
  const person = await people.withTotp()
  await desk.group({ methods: ['passkey', 'recovery-code'] }, person.userId)
  expect(await person.password()).toBe('method-not-allowed')
  expect(await person.password(person.code())).toBe('method-not-allowed')
  expect(await person.password(undefined, { dialogues: ['web'] })).toBe('method-not-allowed')
  expect(await person.password('000000')).not.toBe('allow')
})

it('asks at every connection, and lets the token of a login pass until then', async () => {
  const person = await people.withTotp()
  const grant = await person.connect(person.code())
  expect(await person.token(grant.sessionToken)).toBe('allow')
  expect(await person.renegotiate(grant)).toBe('allow')
  expect(await person.password()).toBe('challenge')
  // An unanswered question is not the end of the login that there was.
  expect(await person.token(grant.sessionToken)).toBe('allow')
  const second = await person.on('Phone')
  expect(await second.password()).toBe('challenge')
})

it('does not ask a device again for so many hours, then does, and asks the others all along', async () => {
  const person = await people.withTotp()
  await desk.group({ askAgain: { every: 'hours', hours: 8 } }, person.userId)
  const phone = await person.on('Phone')
  expect(await person.password()).toBe('challenge')
  const { sessionToken } = await person.connect(person.code())
  expect(await person.password()).toBe('allow')
  expect(await person.at(ELSEWHERE).password()).toBe('allow')
  expect(await phone.password()).toBe('challenge')
  await age(person.device.deviceId, '7 hours 59 minutes')
  expect(await person.password()).toBe('allow')
  await age(person.device.deviceId, '2 minutes')
  expect(await person.password()).toBe('challenge')
  expect(await person.token(sessionToken)).toBe('token-expired')
  expect(await person.password(person.code())).toBe('allow')
  expect(await person.password()).toBe('allow')
})

it('asks again once a day at the local time', async () => {
  const person = await people.withTotp()
  // Somewhere between the zones the hour begins that is 12 hours from now: the last one was 12 hours ago.
  const untilLocalTime = `${String((new Date().getUTCHours() + 12) % 24).padStart(2, '0')}:00`
  await desk.group({ askAgain: { every: 'day', untilLocalTime }, timeZone: 'UTC' }, person.userId)
  await person.connect(person.code())
  await age(person.device.deviceId, '11 hours')
  expect(await person.password()).toBe('allow')
  await age(person.device.deviceId, '3 hours')
  expect(await person.password()).toBe('challenge')
})

it('asks a new device where that is the rule, and from then on as the others', async () => {
  const person = await people.withTotp()
  await desk.group({ askAgain: { every: 'hours', hours: 8 }, askOnNewDevice: true }, person.userId)
  expect(await person.password()).toBe('challenge')
  const { connectionId } = await person.connect(person.code())
  expect(await person.password()).toBe('challenge')
  await person.establish(connectionId)
  expect(await person.password()).toBe('allow')
})

it('asks at another address: the token is refused, then password and code pass', async () => {
  const person = await people.withTotp()
  await desk.group({ askAgain: { every: 'hours', hours: 8 }, askOnAddressChange: true }, person.userId)
  const grant = await person.connect(person.code())
  expect(await person.password()).toBe('allow')
  const away = person.at(ELSEWHERE)
  expect(await away.token(grant.sessionToken)).toBe('token-expired')
  expect(await away.renegotiate(grant)).toBe('token-expired')
  expect(await away.password()).toBe('challenge')
  const there = await away.connect(away.code())
  expect(await away.token(there.sessionToken)).toBe('allow')
  expect(await away.password()).toBe('allow')
  expect(await person.password()).toBe('challenge')
})

it('counts a user’s connections over all devices, but not the one that is replaced', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off', connectionLimit: 1 }, person.userId)
  const phone = await person.on('Phone')
  const first = await person.connect()
  expect(await phone.password()).toBe('too-many-connections')
  expect(await person.renegotiate(first)).toBe('allow')
  const replacing = await person.connect()
  expect(await phone.password()).toBe('too-many-connections')
  await person.leave(first.connectionId)
  await person.leave(replacing.connectionId)
  expect(await phone.password()).toBe('allow')
  expect(await person.password()).toBe('too-many-connections')
})

it('counts a device once, though its connection of before has not ended yet', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off', connectionLimit: 2 }, person.userId)
  const [phone, tablet] = [await person.on('Phone'), await person.on('Tablet')]
  expect([await person.password(), await person.password()]).toEqual(['allow', 'allow'])
  expect(await phone.password()).toBe('allow')
  expect(await tablet.password()).toBe('too-many-connections')
})

it('does not count for ever what was connected to a node that is gone', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off', connectionLimit: 1 }, person.userId)
  const phone = await person.on('Phone')
  await person.connect()
  const long = "update connections set authorised_at = authorised_at - interval '12 minutes' where user_id = $1"
  await database.query(long, [person.userId])
  await database.query('update services set last_seen_at = now()')
  expect(await phone.password()).toBe('too-many-connections')
  await database.query("update services set last_seen_at = now() - interval '12 minutes'")
  expect(await phone.password()).toBe('allow')
})

it('asks on one device though another with the same password can be asked nothing', async () => {
  const person = await people.withTotp()
  const phone = await person.on('Phone')
  expect(await person.password(undefined, { dialogues: [] })).toBe('otp-required')
  expect(await phone.password()).toBe('challenge')
  expect(await person.password()).toBe('challenge')
})

it('lets no two simultaneous logins take the last place', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off', connectionLimit: 1 }, person.userId)
  const devices = [person, await person.on('Phone'), await person.on('Tablet'), await person.on('Desktop')]
  const decisions = await Promise.all(devices.map((each) => each.password()))
  expect(decisions.filter((decision) => decision === 'allow')).toHaveLength(1)
  expect(new Set(decisions)).toEqual(new Set(['allow', 'too-many-connections']))
})

it('lets a user have so many devices and no more, one at a time too', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off', deviceLimit: 2 }, person.userId)
  const names = ['One', 'Two', 'Three']
  const made = await Promise.allSettled(names.map((name) => enrolDevice(person.user, name)))
  expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  await expect(enrolDevice(person.user, 'Four')).rejects.toMatchObject({ status: 409, code: 'too-many-devices' })
  await person.user.client.api.call('DELETE', `/devices/${person.device.deviceId}`)
  await enrolDevice(person.user, 'Four')
})

it('tells when a login ends: after the time that it may last, or at the hour', async () => {
  const [bySession, byHour] = [await people.withoutFactor(), await people.withoutFactor()]
  await desk.group({ mfa: 'off', sessionSeconds: 60, tokenSeconds: 60 }, bySession.userId)
  // Far enough that it does not pass meanwhile.
  const hourMs = Math.ceil(Date.now() / 60_000 + 5) * 60_000
  await desk.group({ mfa: 'off', sessionsEndAt: new Date(hourMs).toISOString().slice(11, 16) }, byHour.userId)
  // Tokens know whole seconds.
  const startedMs = Math.floor(Date.now() / 1000) * 1000
  const endMs = Date.parse((await bySession.connect()).sessionEndsAt)
  expect(endMs).toBeGreaterThanOrEqual(startedMs + 60_000)
  expect(endMs).toBeLessThan(startedMs + 65_000)
  expect(Date.parse((await byHour.connect()).sessionEndsAt)).toBe(hourMs)
})

it('ends logins after their time and when idle, and tokens that are too old', async () => {
  // Shorter than the API lets anybody wait.
  const shortened = [{ sessionSeconds: 5 }, { idleSeconds: 5 }, { tokenSeconds: 5 }, {}]
  const persons = await Promise.all(shortened.map(() => people.withoutFactor()))
  for (const [index, rules] of shortened.entries()) {
    const groupId = await desk.group({ mfa: 'off' }, persons[index]?.userId ?? '')
    await database.query('update groups set policy = $2 where id = $1', [groupId, { mfa: 'off', ...rules }])
  }
  const logins = await Promise.all(persons.map(async (person) => ({ person, grant: await person.connect() })))
  const outcomes = (): Promise<string[]> =>
    Promise.all(logins.map(({ person, grant }) => person.token(grant.sessionToken)))
  expect(new Set(await outcomes())).toEqual(new Set(['allow']))
  await delay(5500)
  const expected = ['session-ended', 'token-expired', 'token-expired', 'allow']
  expect(await outcomes()).toEqual(expected)
  expect(await Promise.all(logins.map(({ person, grant }) => person.renegotiate(grant)))).toEqual(expected)
  for (const { person } of logins) expect(await person.password()).toBe('allow')
})

it('lets nobody in who gives the wrong password, whatever the policy is', async () => {
  const person = await people.withTotp()
  await desk.group({ mfa: 'off' }, person.userId)
  const wrong = { kind: 'password' as const, password: `${PASSWORD}!` }
  expect(await person.ask(wrong)).toMatchObject({ decision: 'deny', code: 'wrong-password' })
})
