import { EnrolmentClient, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolTotp, PASSWORD, type TestTenant, type TestUser } from './auth-service-harness.ts'
import { queryRows } from './query-rows.ts'
import { callRaw } from './raw-api.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)

let harness: AuthServiceHarness
let tenant: TestTenant

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  tenant = await harness.tenant('tokens')
}, 60_000)
afterAll(() => harness[Symbol.asyncDispose]())

interface Made {
  readonly tokenId: string
  readonly token: string
}

async function make(owner: Pick<TestUser, 'client'>, scopes: unknown, expiresInSeconds = 3600): Promise<Made> {
  const body = { name: 'script', scopes, expiresInSeconds }
  const made = await owner.client.api.call('POST', '/me/api-tokens', body)
  return { tokenId: requiredText(made, 'tokenId'), token: requiredText(made, 'token') }
}

/** Calls with a token and gives the status, and the code of a refusal. */
async function call({ token }: Pick<Made, 'token'>, method: string, path: string, body?: unknown): Promise<unknown> {
  const sent = body === undefined ? undefined : { type: 'application/json', text: JSON.stringify(body) }
  const shown = { authorization: `Bearer ${token}` }
  const { status, text } = await callRaw(harness.publicUrl, method, `/api/v1${path}`, shown, sent)
  if (status < 400) return status
  return [status, requiredText(JSON.parse(text), 'code')]
}

it('may do what its scopes say and no more, as the audit log tells', async () => {
  const made = await make(tenant, ['users.read', 'groups.write'])
  expect(made.token).toMatch(/^sp_/)
  expect(await call(made, 'GET', '/users')).toBe(200)
  expect(await call(made, 'POST', '/users', { username: 'eve' })).toEqual([403, 'not-allowed'])
  expect(await call(made, 'GET', '/platform/tenants')).toEqual([403, 'not-operator'])
  expect(await call(made, 'POST', '/groups', { name: 'made by a script' })).toBe(201)
  const events = await queryRows(harness.postgres.url, "SELECT actor FROM audit_events WHERE action = 'group.create'")
  expect(events.map(({ actor }) => actor)).toContain(`token:${made.tokenId}`)
})

it('keeps no secret, and is shown once', async () => {
  const made = await make(tenant, 'all')
  const secret = made.token.slice(-43)
  const rows = await queryRows(
    harness.postgres.url,
    'SELECT t::text AS row FROM api_tokens t UNION SELECT a::text FROM audit_events a',
  )
  expect(JSON.stringify(rows)).not.toContain(secret)
  expect(JSON.stringify(await tenant.client.api.call('GET', '/me/api-tokens'))).not.toContain(secret)
  expect(harness.tail()).not.toContain(secret)
})

it('never has more than its owner', async () => {
  const user = await harness.user(tenant, 'modest', { totp: false })
  await expect(make(user, ['users.read'])).rejects.toMatchObject({
    code: 'not-allowed',
    message: matching(/users\.read/),
  })
  await tenant.client.api.call('PATCH', `/users/${user.userId}`, { role: 'auditor' })
  const promoted = new EnrolmentClient(harness.publicUrl)
  await promoted.signIn({ tenant: tenant.slug, username: 'modest', password: PASSWORD })
  const made = await make({ client: promoted }, ['users.read'])
  expect(await call(made, 'GET', '/users')).toBe(200)
  await queryRows(harness.postgres.url, "UPDATE users SET role = 'user' WHERE username = 'modest'")
  expect(await call(made, 'GET', '/users')).toEqual([403, 'not-allowed'])
})

it('neither proves nor changes who somebody is', async () => {
  const made = await make(tenant, 'all')
  const password = { currentPassword: 'x', newPassword: 'y' }
  expect(await call(made, 'POST', '/me/password', password)).toEqual([403, 'session-required'])
  const more = { name: 'another', scopes: 'all', expiresInSeconds: 3600 }
  expect(await call(made, 'POST', '/me/api-tokens', more)).toEqual([403, 'session-required'])
  expect(await call(made, 'POST', '/me/totp')).toEqual([403, 'session-required'])
  expect(await call(made, 'POST', '/sign-out')).toEqual([403, 'session-required'])
})

it.each([59, 366 * 24 * 3600 + 1, 0.5])('does not live for %d seconds', async (seconds) => {
  await expect(make(tenant, 'all', seconds)).rejects.toMatchObject({ status: 400 })
})

it('is worth nothing once it expired, was revoked, or was guessed', async () => {
  const [old, revoked] = [await make(tenant, 'all'), await make(tenant, 'all')]
  await queryRows(harness.postgres.url, "UPDATE api_tokens SET expires_at = now() - interval '1 s' WHERE id = $1", [
    old.tokenId,
  ])
  expect(await call(old, 'GET', '/me')).toEqual([401, 'token-expired'])
  expect(await call(revoked, 'DELETE', `/me/api-tokens/${revoked.tokenId}`)).toBe(204)
  expect(await call(revoked, 'GET', '/me')).toEqual([401, 'token-revoked'])
  const guessed = { token: revoked.token.slice(0, -43) + 'A'.repeat(43) }
  expect(await call(guessed, 'GET', '/me')).toEqual([401, 'wrong-token'])
  expect(await call({ token: 'sp_nonsense' }, 'GET', '/me')).toEqual([401, 'wrong-token'])
  expect(JSON.stringify(await tenant.client.api.call('GET', '/api-tokens'))).not.toContain(revoked.tokenId)
})

it.each([
  ['reset-password', (id: string) => tenant.client.api.call('POST', `/users/${id}/reset-password`, {})],
  ['end-sessions', (id: string) => tenant.client.api.call('POST', `/users/${id}/end-sessions`)],
  ['disable', (id: string) => tenant.client.api.call('PATCH', `/users/${id}`, { disabled: true })],
])('goes with the sessions of its owner: %s', async (name, end) => {
  const user = await harness.user(tenant, `gone-${name}`, { totp: false })
  const made = await make(user, 'all')
  expect(await call(made, 'GET', '/me')).toBe(200)
  await end(user.userId)
  expect(await call(made, 'GET', '/me')).toEqual([401, 'token-revoked'])
})

it('is seen and revoked by administrators, with when it was used to the minute', async () => {
  const user = await harness.user(tenant, 'watched', { totp: false })
  const made = await make(user, 'all')
  await call(made, 'GET', '/me')
  const list = JSON.stringify(await tenant.client.api.call('GET', `/api-tokens?userId=${user.userId}`))
  expect(list).toContain('"username":"watched"')
  expect(list).not.toContain('"lastUsedAt":null')
  const used = 'SELECT last_used_at::text AS at FROM api_tokens WHERE id = $1'
  const before = await queryRows(harness.postgres.url, used, [made.tokenId])
  await call(made, 'GET', '/me')
  expect(await queryRows(harness.postgres.url, used, [made.tokenId])).toEqual(before)
  await tenant.client.api.call('DELETE', `/api-tokens/${made.tokenId}`)
  expect(await call(made, 'GET', '/me')).toEqual([401, 'token-revoked'])
})

it('waits for what its owner must do first', async () => {
  const user = await harness.user(tenant, 'waiting', { totp: false })
  const made = await make(user, ['self.read', 'self.write'])
  const device = { name: 'Phone', key: 'server-made' }
  await tenant.client.api.call('POST', '/networks', { name: 'later', ipv4: '10.9.0.0/24' })
  expect(await call(made, 'POST', '/devices', device)).toBe(201)
  await tenant.client.api.call('DELETE', `/groups/${tenant.passwordOnly}/members/${user.userId}`)
  expect(await call(made, 'POST', '/devices', device)).toEqual([403, 'enrolment-required'])
  expect(await call(made, 'GET', '/me')).toBe(200)
})

it('changes users without saying who is in which group', async () => {
  const made = await make(tenant, ['users.write'])
  const groupIds = [tenant.passwordOnly]
  const user = await harness.user(tenant, 'grouped', { totp: true })
  expect(await call(made, 'PATCH', `/users/${user.userId}`, { displayName: 'Grouped' })).toBe(200)
  expect(await call(made, 'PATCH', `/users/${user.userId}`, { groupIds })).toEqual([403, 'not-allowed'])
  expect(await call(made, 'POST', '/users', { username: 'placed', groupIds })).toEqual([403, 'not-allowed'])
  expect(await call(made, 'POST', '/users', { username: 'placed' })).toBe(201)
})

it('makes no operator who may do more than it', async () => {
  const created = await harness.operator.call('POST', '/platform/operators', { username: 'ops' })
  const oneTimePassword = requiredText(created, 'oneTimePassword')
  const client = new EnrolmentClient(harness.publicUrl)
  await client.signIn({ tenant: 'platform', username: 'ops', password: oneTimePassword })
  await client.changePassword(oneTimePassword, PASSWORD)
  await enrolTotp({ client })
  const [part, all] = [await make({ client }, ['platform.write']), await make({ client }, 'all')]
  const another = { username: 'another' }
  expect(await call(part, 'POST', '/platform/operators', another)).toEqual([403, 'not-allowed'])
  expect(await call(all, 'POST', '/platform/operators', another)).toBe(201)
})
