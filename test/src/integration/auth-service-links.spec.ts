import { EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { AuthServiceHarness, PASSWORD, type TestTenant } from './auth-service-harness.ts'
import { linkTokenOf, MailServer } from './mail-server.ts'
import { queryRows } from './query-rows.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const NEW_PASSWORD = 'nine copper kettles sing'

let mail: MailServer
let harness: AuthServiceHarness
let acme: TestTenant

beforeAll(async () => {
  mail = await MailServer.start()
  harness = await AuthServiceHarness.start({ SMTP_URL: mail.url, MAIL_FROM: 'Sallyport <vpn@example.com>' })
  acme = await harness.tenant('acme')
}, 60_000)

beforeEach(() => {
  mail.refuseWith = undefined
})

afterAll(async () => {
  await harness[Symbol.asyncDispose]()
  await mail[Symbol.asyncDispose]()
})

const call = (...args: Parameters<EnrolmentClient['api']['call']>) => acme.client.api.call(...args)
const anybody = () => new EnrolmentClient(harness.publicUrl)
const rowsOf = (sql: string, ...values: unknown[]) => queryRows(harness.postgres.url, sql, values)
const signIn = (username: string, password: string) => anybody().signIn({ tenant: 'acme', username, password })
const tokenIn = (url: string) => url.slice(url.lastIndexOf('/') + 1)
const choose = (token: string, password: string) => anybody().api.call('POST', `/links/${token}`, { password })

async function rawProblem(path: string, body: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' }
  const init = { method: 'POST', headers, body: JSON.stringify(body) }
  return (await fetch(`${harness.publicUrl}/api/v1${path}`, init)).json()
}

async function invite(
  username: string,
  email?: string,
): Promise<{ userId: string; token: string; invitation: unknown }> {
  const body = { username, credential: 'invitation', ...(email === undefined ? {} : { email }) }
  const created = await call('POST', '/users', body)
  const invitation = fieldOf(created, 'invitation')
  return { userId: requiredText(created, 'userId'), token: tokenIn(requiredText(invitation, 'url')), invitation }
}

async function askForReset(username: string, tenant = 'acme'): Promise<Response> {
  return fetch(`${harness.publicUrl}/api/v1/password-reset`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant, username }),
  })
}

it('invites by a link that works once, is mailed, and leads to the first sign-in', async () => {
  const { userId, token, invitation } = await invite('ada', 'ada@example.com')
  expect(invitation).toMatchObject({ mailed: true })
  const received = await mail.mailTo('ada@example.com')
  expect(received.from).toBe('vpn@example.com')
  expect(linkTokenOf(received)).toBe(token)
  expect(received.source).toMatch(/^Content-Type: text\/plain/im)
  expect(received.source).toContain('Tenant acme')
  expect(await call('GET', `/users/${userId}`)).toMatchObject({ hasPassword: false, mustChangePassword: false })
  await expect(signIn('ada', '')).rejects.toBeDefined()
  await expect(signIn('ada', 'null')).rejects.toMatchObject({ code: 'sign-in-failed' })

  const expiresAt = matching(/^20/)
  const shown = { purpose: 'invitation', tenant: { slug: 'acme', name: 'Tenant acme' }, username: 'ada', expiresAt }
  expect(await anybody().api.call('GET', `/links/${token}`)).toMatchObject({ ...shown, branding: { logoUrl: null } })
  await expect(choose(token, 'ada is my name')).rejects.toMatchObject({ code: 'weak-password' })
  expect(await rawProblem(`/links/${token}`, { password: 'short' })).toMatchObject({
    parameters: { reason: 'too-short' },
  })
  await expect(choose(token, 'Password1234!')).rejects.toMatchObject({ code: 'weak-password' })
  await choose(token, NEW_PASSWORD)
  expect(await signIn('ada', NEW_PASSWORD)).toMatchObject({ mustChangePassword: false })
  const used = { status: 410, code: 'link-used', message: matching(/password is chosen\. Please sign in/) }
  await expect(choose(token, PASSWORD)).rejects.toMatchObject(used)
  await expect(anybody().api.call('GET', `/links/${token}`)).rejects.toMatchObject(used)
})

it('takes a link from one of many who use it at the same moment', async () => {
  const { token } = await invite('race')
  const passwords = Array.from({ length: 6 }, (_, index) => `${NEW_PASSWORD} ${String(index)}`)
  const results = await Promise.allSettled(passwords.map((password) => choose(token, password)))
  const won = results.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []))
  expect(won).toHaveLength(1)
  const lost = results.filter(({ status }) => status === 'rejected')
  for (const refusal of lost) expect(refusal).toMatchObject({ reason: { status: 410, code: 'link-used' } })
  expect(await signIn('race', passwords[won[0] ?? 0] ?? '')).toBeDefined()
})

it('stores no link, and logs none', async () => {
  const { token } = await invite('secretive')
  await anybody().api.call('GET', `/links/${token}`)
  const secret = token.split('.')[1] ?? ''
  const rows = JSON.stringify(await rowsOf('SELECT secret_sha256, purpose FROM one_time_links'))
  expect(rows).not.toContain(secret)
  expect(harness.tail()).not.toContain(secret)
  expect(JSON.stringify(await rowsOf('SELECT details, target, actor FROM audit_events'))).not.toContain(secret)
})

it('tells who has a whole link that it has expired, and answers the same for every other that does not work', async () => {
  const expired = await invite('expired')
  await rowsOf("UPDATE one_time_links SET expires_at = now() - interval '1 second' WHERE user_id = $1", expired.userId)
  await expect(choose(expired.token, NEW_PASSWORD)).rejects.toMatchObject({ status: 410, code: 'link-expired' })
  const disabled = await invite('disabled')
  await call('PATCH', `/users/${disabled.userId}`, { disabled: true })
  const deleted = await invite('deleted')
  await call('DELETE', `/users/${deleted.userId}`)
  const replaced = await invite('replaced')
  await call('POST', `/users/${replaced.userId}/reset-password`, { by: 'link' })
  const readdressed = await invite('readdressed', 'old@example.com')
  await call('PATCH', `/users/${readdressed.userId}`, { email: 'new@example.com' })
  const [, secret = ''] = expired.token.split('.')
  const foreign = `${Buffer.alloc(16, 1).toString('base64url')}.${secret}`
  const links = [disabled, deleted, replaced, readdressed].map(({ token }) => token)
  const answers = new Set<string>()
  for (const token of [...links, foreign, 'x', 'a.b', `${'A'.repeat(22)}.${'A'.repeat(43)}`, '..%2f..%2fetc']) {
    const read = await fetch(`${harness.publicUrl}/api/v1/links/${token}`)
    const body: unknown = await read.json()
    answers.add(`${String(read.status)} ${String(fieldOf(body, 'code'))} ${String(fieldOf(body, 'message'))}`)
    await expect(choose(token, NEW_PASSWORD), token).rejects.toMatchObject({ status: 404, code: 'link-unknown' })
  }
  expect([...answers]).toEqual([expect.stringMatching(/^404 link-unknown/)])
})

it('resets the password of whoever can read the mail, and ends what was open', async () => {
  const user = await harness.user(acme, 'forgetful', { totp: false })
  await call('PATCH', `/users/${user.userId}`, { email: 'forgetful@example.com' })
  expect((await askForReset('FORGETFUL')).status).toBe(202)
  const token = linkTokenOf(await mail.mailTo('forgetful@example.com'))
  expect(await signIn('forgetful', PASSWORD)).toBeDefined()
  await choose(token, NEW_PASSWORD)
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  await expect(signIn('forgetful', PASSWORD)).rejects.toMatchObject({ code: 'sign-in-failed' })
  expect(await signIn('forgetful', NEW_PASSWORD)).toBeDefined()
})

it('answers a request for a reset the same, in text and time, whoever it is for', async () => {
  expect(await anybody().api.call('GET', '/password-reset')).toEqual({ byMail: true })
  const known = await harness.user(acme, 'known', { totp: false })
  await call('PATCH', `/users/${known.userId}`, { email: 'known@example.com' })
  const answers = new Set<string>()
  const medianOf = async (username: string, tenant: string) => {
    const times: number[] = []
    for (let round = 0; round < 9; round += 1) {
      const startMs = performance.now()
      const answer = await askForReset(username, tenant)
      answers.add(`${String(answer.status)} ${await answer.text()}`)
      times.push(performance.now() - startMs)
    }
    return times.sort((one, other) => one - other)[4] ?? 0
  }
  const [there, nowhere, noTenant] = [
    await medianOf('known', 'acme'),
    await medianOf('nobody', 'acme'),
    await medianOf('known', 'nowhere'),
  ]
  expect([...answers]).toEqual([expect.stringMatching(/^202 /)])
  for (const other of [nowhere, noTenant]) expect(Math.abs(other - there)).toBeLessThan(15)
  // Three mails an hour for one account, however often somebody asks.
  await mail.mailTo('known@example.com', 3)
  await invite('after-known', 'after-known@example.com')
  await mail.mailTo('after-known@example.com')
  expect(mail.mails.filter(({ to }) => to.includes('known@example.com'))).toHaveLength(3)
})

it('sends nothing to an account that is disabled or has no address, and lets no text into the headers', async () => {
  const disabled = await invite('off', 'off@example.com')
  await mail.mailTo('off@example.com')
  await call('PATCH', `/users/${disabled.userId}`, { disabled: true })
  await invite('no-address')
  for (const username of ['off', 'no-address', 'x\r\nbcc: spy@example.com']) await askForReset(username)
  const after = await invite('after', 'after@example.com')
  expect(linkTokenOf(await mail.mailTo('after@example.com'))).toBe(after.token)
  expect(mail.mails.filter(({ to }) => to.includes('off@example.com'))).toHaveLength(1)
  expect(mail.mails.flatMap(({ to }) => to)).not.toContain('spy@example.com')
})

it('goes on when the mail server refuses, and logs neither address nor link', async () => {
  mail.refuseWith = 550
  const { token, invitation } = await invite('refused', 'refused@example.com')
  expect(invitation).toMatchObject({ mailed: true })
  await expect.poll(() => harness.tail(), { timeout: 5000 }).toContain('a mail could not be delivered')
  expect(harness.tail()).not.toMatch(/refused@example\.com|\/link\//)
  expect(harness.tail()).not.toContain(token)
  await choose(token, NEW_PASSWORD)
  expect(await harness.metrics()).toMatch(/sallyport_mails_total\{reason="failed"\} 1/)
})

it('tries again when the mail server asks for patience', async () => {
  const before = mail.refused
  mail.refuseWith = 451
  await invite('patient', 'patient@example.com')
  const { token } = await invite('patient-too', 'patient-too@example.com')
  await expect.poll(() => mail.refused - before, { timeout: 5000 }).toBe(2)
  mail.refuseWith = undefined
  expect(linkTokenOf(await mail.mailTo('patient-too@example.com'))).toBe(token)
  await mail.mailTo('patient@example.com')
}, 30_000)

it('resets by a link that an administrator sends, and the old password is worth nothing before', async () => {
  const user = await harness.user(acme, 'sent', { totp: false })
  await call('PATCH', `/users/${user.userId}`, { email: 'sent@example.com' })
  const reset = await call('POST', `/users/${user.userId}/reset-password`, { by: 'link' })
  expect(fieldOf(reset, 'link')).toMatchObject({ mailed: true })
  await expect(signIn('sent', PASSWORD)).rejects.toMatchObject({ code: 'sign-in-failed' })
  const token = linkTokenOf(await mail.mailTo('sent@example.com'))
  expect(tokenIn(requiredText(fieldOf(reset, 'link'), 'url'))).toBe(token)
  await choose(token, NEW_PASSWORD)
  expect(await signIn('sent', NEW_PASSWORD)).toBeDefined()
})
