import { randomUUID } from 'node:crypto'

import { ApiClientError, EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
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
import { listen } from './order-listener.ts'
import { queryRows } from './query-rows.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const issueOf = (path: string): unknown => expect.arrayContaining([expect.objectContaining({ path })])

let harness: AuthServiceHarness
let acme: TestTenant
let rival: TestTenant
let node: NodeClient

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  acme = await harness.tenant('acme')
  rival = await harness.tenant('rival')
  node = await harness.node('node-1')
}, 60_000)

afterAll(() => harness[Symbol.asyncDispose]())

const call = (...args: Parameters<EnrolmentClient['api']['call']>) => acme.client.api.call(...args)
const rowsOf = (sql: string, values: unknown[]) => queryRows(harness.postgres.url, sql, values)
const itemsOf = (page: unknown) => fieldOf(page, 'items') as Record<string, unknown>[]

async function signedIn(
  tenant: TestTenant,
  username: string,
  role: string,
): Promise<{ userId: string; client: EnrolmentClient }> {
  const created = await tenant.client.api.call('POST', '/users', { username, role, groupIds: [tenant.passwordOnly] })
  const oneTimePassword = requiredText(created, 'oneTimePassword')
  const client = new EnrolmentClient(harness.publicUrl)
  await client.signIn({ tenant: tenant.slug, username, password: oneTimePassword })
  await client.changePassword(oneTimePassword, PASSWORD)
  return { userId: requiredText(created, 'userId'), client }
}

it('creates, shows and changes a user, and tells the audit log fields but no values that name somebody', async () => {
  const profile = { username: 'Zoe', displayName: 'Zoë O’Hara', email: 'Zoe@Example.com', role: 'auditor' }
  const created = await call('POST', '/users', profile)
  const userId = requiredText(created, 'userId')
  expect(created).toEqual({ userId, username: 'zoe', oneTimePassword: matching(/^[a-z0-9-]{23}$/) })
  expect(await call('GET', `/users/${userId}`)).toMatchObject({
    username: 'zoe',
    displayName: 'Zoë O’Hara',
    email: 'zoe@example.com',
    role: 'auditor',
    disabled: false,
    hasPassword: true,
    mustChangePassword: true,
    factors: [],
    groups: [],
    lastSignInAt: null,
  })
  const change = { displayName: null, email: 'z@example.com', role: 'user', groupIds: [acme.passwordOnly] }
  expect(await call('PATCH', `/users/${userId}`, change)).toMatchObject({
    displayName: null,
    email: 'z@example.com',
    role: 'user',
    groups: [{ groupId: acme.passwordOnly, name: matching(/./) }],
  })
  expect(await call('PATCH', `/users/${userId}`, { groupIds: [] })).toMatchObject({
    email: 'z@example.com',
    groups: [],
  })
  const audited = await rowsOf('SELECT action, details FROM audit_events WHERE user_id = $1 ORDER BY at', [userId])
  const details = audited.map((row) => String(fieldOf(row, 'details'))).join('\n')
  expect(details).toContain('"changed":["displayName","email","role","groups"]')
  expect(details).not.toMatch(/zoe|hara|example/i)
})

it('finds users by a part of name or address, by role, state and group, in pages', async () => {
  const people = await harness.tenant('people')
  const { api } = people.client
  for (let index = 0; index < 7; index += 1) {
    const extra = index === 3 ? { displayName: 'Grace_Hopper' } : {}
    await api.call('POST', '/users', {
      username: `u${String(index)}`,
      email: `mail${String(index)}@example.com`,
      ...extra,
    })
  }
  const names = async (query: string) =>
    itemsOf(await api.call('GET', `/users${query}`)).map(({ username }) => username)
  expect(await names('')).toEqual(['admin', 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6'])
  expect(await names('?search=MAIL5')).toEqual(['u5'])
  expect(await names('?search=grace')).toEqual(['u3'])
  expect(await names('?search=e_h')).toEqual(['u3'])
  expect(await names('?search=e_o')).toEqual([])
  expect(await names(`?search=${encodeURIComponent('%')}`)).toEqual([])
  expect(await names(`?search=${encodeURIComponent("' OR 1=1 --")}`)).toEqual([])
  expect(await names('?role=administrator')).toEqual(['admin'])
  expect(await names('?state=disabled')).toEqual([])
  const enrolled = await harness.user(people, 'with-totp', { totp: true })
  await enrolTotp(enrolled)
  expect(await names('?factor=enrolled')).toEqual(['with-totp'])
  expect(await names('?factor=none&search=u')).toEqual(['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6'])
  await api.call('DELETE', `/users/${enrolled.userId}`)
  expect(await names(`?groupId=${people.passwordOnly}`)).toEqual(['admin'])
  const seen: unknown[] = []
  for (let after: string | null = ''; after !== null;) {
    const page = await api.call('GET', `/users?limit=3${after === '' ? '' : `&after=${after}`}`)
    expect(itemsOf(page).length).toBeLessThanOrEqual(3)
    seen.push(...itemsOf(page).map(({ username }) => username))
    after = fieldOf(page, 'next') as string | null
  }
  expect(seen).toEqual(['admin', 'u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6'])
  for (const query of [
    '?limit=0',
    '?limit=201',
    '?after=x',
    '?role=king',
    '?state=x',
    '?x=1',
    '?groupId=x',
    '?factor=x',
  ]) {
    await expect(api.call('GET', `/users${query}`), query).rejects.toMatchObject({ status: 400, code: 'bad-request' })
  }
})

it('refuses what is no user, and names the field', async () => {
  const bodies: [object, string][] = [
    [{ username: 'a b' }, 'username'],
    [{ username: 'ok', email: 'no address' }, 'email'],
    [{ username: 'ok', email: 'a@example.com\r\nBcc: x@example.com' }, 'email'],
    [{ username: 'ok', displayName: '=HYPERLINK("http://x")' }, 'displayName'],
    [{ username: 'ok', role: 'king' }, 'role'],
    [{ username: 'ok', credential: 'none' }, 'credential'],
    [{ username: 'ok', groupIds: ['x'] }, 'groupIds.0'],
    [{ username: 'ok', groupIds: ['00000000-0000-4000-8000-000000000000'] }, 'groupIds'],
    [{ username: 'ok', groupIds: [rival.passwordOnly] }, 'groupIds'],
    [{ username: 'ok', password: 'x' }, 'password'],
  ]
  for (const [body, path] of bodies) {
    const response = await rawPost('/users', body)
    expect(response, JSON.stringify(body)).toMatchObject({
      code: 'bad-request',
      issues: issueOf(path),
    })
  }
  expect(itemsOf(await call('GET', '/users?search=ok'))).toEqual([])
})

async function rawPost(path: string, body: object): Promise<unknown> {
  const signIn = await fetch(`${harness.publicUrl}/api/v1/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'acme', username: 'admin', password: PASSWORD }),
  })
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const response = await fetch(`${harness.publicUrl}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify(body),
  })
  return response.json()
}

it('lets nobody touch a user who may do more, or make one', async () => {
  const platform = await harness.operator.call('POST', '/platform/operators', { username: 'root-operator' })
  expect(platform).toMatchObject({ tenant: 'platform' })
  const { client: auditor } = await signedIn(acme, 'reader', 'auditor')
  const { userId } = await signedIn(acme, 'plain', 'user')
  for (const [method, path, body] of [
    ['POST', '/users', { username: 'x' }],
    ['PATCH', `/users/${userId}`, { disabled: true }],
    ['DELETE', `/users/${userId}`, undefined],
    ['POST', `/users/${userId}/reset-password`, undefined],
    ['POST', `/users/${userId}/unlock`, undefined],
  ] as const) {
    await expect(auditor.api.call(method, path, body), path).rejects.toMatchObject({ status: 403, code: 'not-allowed' })
  }
  expect(itemsOf(await auditor.api.call('GET', '/users?search=plain'))).toHaveLength(1)
  const refused = { status: 403, code: 'not-allowed' }
  await expect(call('POST', '/users', { username: 'boss', role: 'operator' })).rejects.toMatchObject(refused)
  await expect(call('PATCH', `/users/${userId}`, { role: 'operator' })).rejects.toMatchObject(refused)
})

it('has no administrators in the platform’s tenant but operators, who could be harmed by them', async () => {
  const created = await harness.operator.call('POST', '/platform/operators', { username: 'ops' })
  const [userId, oneTimePassword] = [requiredText(created, 'userId'), requiredText(created, 'oneTimePassword')]
  const operator = new EnrolmentClient(harness.publicUrl)
  await operator.signIn({ tenant: 'platform', username: 'ops', password: oneTimePassword })
  await operator.changePassword(oneTimePassword, PASSWORD)
  await enrolTotp({ client: operator })
  expect(itemsOf(await operator.api.call('GET', '/platform/tenants')).map(({ slug }) => slug)).toContain('acme')
  await expect(operator.api.call('POST', '/networks', { name: 'x', ipv4: '10.99.0.0/24' })).rejects.toMatchObject({
    status: 403,
    code: 'namespace-not-allowed',
  })
  // So there is no device that they could add, which the portal has to know.
  expect(await operator.api.call('GET', '/me')).toMatchObject({ hasNetwork: false })
  expect(await call('GET', '/me')).toMatchObject({ hasNetwork: true })
  const tenantId = requiredText(created, 'tenantId')
  const joining = await operator.api.call('POST', '/platform/join-tokens', { role: 'vpn-node', name: 'node-audit' })
  expect(requiredText(joining, 'joinToken')).not.toBe('')
  const node = await harness.enrol('vpn-node', 'node-drained')
  for (const verb of ['drain', 'resume', 'revoke']) {
    await operator.api.call('POST', `/platform/services/${node.serviceId}/${verb}`)
  }
  const heard = itemsOf(await operator.api.call('GET', '/audit?limit=20')).map(({ action, target }) => [action, target])
  for (const action of ['service.enrol', 'service.drain', 'service.resume', 'service.revoke']) {
    expect(heard).toContainEqual([action, `service:${node.serviceId}`])
  }
  expect(heard.map(([action]) => action)).toContain('join-token.create')
  for (const change of [{ suspended: true }, { namespaces: ['host'] }]) {
    await expect(harness.operator.call('PATCH', `/platform/tenants/${tenantId}`, change)).rejects.toMatchObject({
      status: 409,
      code: 'platform-tenant',
    })
  }
  await expect(
    harness.operator.call('POST', '/platform/tenants', {
      slug: 'platform',
      name: 'x',
      administrator: { username: 'x' },
    }),
  ).rejects.toMatchObject({ status: 400 })
  const boss = { username: 'boss', role: 'administrator' }
  await expect(operator.api.call('POST', '/users', boss)).rejects.toMatchObject({ status: 403, code: 'not-allowed' })
  const second = await operator.api.call('POST', '/users', { username: 'helper' })
  await rowsOf("UPDATE users SET role = 'administrator' WHERE tenant_id = $1 AND username = 'helper'", [tenantId])
  const helper = new EnrolmentClient(harness.publicUrl)
  const password = requiredText(second, 'oneTimePassword')
  await helper.signIn({ tenant: 'platform', username: 'helper', password })
  await helper.changePassword(password, PASSWORD)
  await enrolTotp({ client: helper })
  for (const [method, path, body] of [
    ['PATCH', `/users/${userId}`, { disabled: true }],
    ['PATCH', `/users/${userId}`, { email: 'mine@example.com' }],
    ['DELETE', `/users/${userId}`, undefined],
    ['POST', `/users/${userId}/reset-password`, { by: 'link' }],
    ['POST', `/users/${userId}/reset-factors`, undefined],
    ['POST', `/users/${userId}/end-sessions`, undefined],
    ['POST', '/users', { username: 'mine', role: 'operator' }],
    ['PUT', '/policy', { policy: {}, version: 0 }],
    ['POST', '/groups', { name: 'Lax' }],
  ] as const) {
    await expect(helper.api.call(method, path, body), path).rejects.toMatchObject({ status: 403, code: 'not-allowed' })
  }
})

it('never leaves a tenant without an enabled administrator, whatever two of them do at once', async () => {
  const duo = await harness.tenant('duo')
  const me = requiredText(fieldOf(await duo.client.api.call('GET', '/me'), 'user'), 'userId')
  for (const change of [{ disabled: true }, { role: 'user' }]) {
    await expect(duo.client.api.call('PATCH', `/users/${me}`, change)).rejects.toMatchObject({ code: 'own-account' })
  }
  await expect(duo.client.api.call('DELETE', `/users/${me}`)).rejects.toMatchObject({ code: 'own-account' })
  const enabled = async () => {
    const rows = await rowsOf(
      "SELECT count(*)::int AS count FROM users WHERE tenant_id = $1 AND role = 'administrator' AND disabled_at IS NULL",
      [duo.tenantId],
    )
    return fieldOf(rows[0], 'count')
  }
  const attacks = [
    [{ disabled: true }, { disabled: true }],
    [{ role: 'user' }, { disabled: true }],
    [undefined, { role: 'auditor' }],
  ] as const
  const attack = ({ api }: EnrolmentClient, userId: string, change: object | undefined): Promise<unknown> =>
    change === undefined ? api.call('DELETE', `/users/${userId}`) : api.call('PATCH', `/users/${userId}`, change)
  for (const [first, other] of [...attacks, ...attacks]) {
    const second = await signedIn(duo, `second-${randomUUID()}`, 'administrator')
    const me = await signedIn(duo, `first-${randomUUID()}`, 'administrator')
    await rowsOf('UPDATE users SET disabled_at = now() WHERE tenant_id = $1 AND id <> ALL ($2::uuid[])', [
      duo.tenantId,
      [second.userId, me.userId],
    ])
    await Promise.allSettled([attack(me.client, second.userId, first), attack(second.client, me.userId, other)])
    expect(await enabled()).toBe(1)
    await rowsOf("UPDATE users SET disabled_at = NULL WHERE tenant_id = $1 AND username = 'admin'", [duo.tenantId])
  }
})

it('ends sessions, tokens and connections with a password reset, and lets nothing of the old one in', async () => {
  const user = await harness.user(acme, 'forgetful', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  await using orders = await listen(node.api)
  const reset = await call('POST', `/users/${user.userId}/reset-password`, { by: 'link' })
  expect(reset).toMatchObject({ link: { url: matching(/\/link\//), mailed: false } })
  expect(await orders.next()).toMatchObject({ type: 'revoked', userId: user.userId, code: 'password-reset' })
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  await expect(user.client.signIn({ tenant: 'acme', username: 'forgetful', password: PASSWORD })).rejects.toMatchObject(
    {
      code: 'sign-in-failed',
    },
  )
  const request = authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD })
  expect(await node.decision(request)).toMatch(/failed|wrong|denied/)
})

it('resets nobody’s own password or factors: who sits at an unlocked screen must not become them', async () => {
  const userId = requiredText(fieldOf(await call('GET', '/me'), 'user'), 'userId')
  const refused = { status: 409, code: 'own-account' }
  await expect(call('POST', `/users/${userId}/reset-factors`)).rejects.toMatchObject(refused)
  for (const by of ['one-time-password', 'link'])
    await expect(call('POST', `/users/${userId}/reset-password`, { by })).rejects.toMatchObject(refused)
  expect(await call('GET', '/me')).toMatchObject({ user: { userId } })
})

it('takes second factors away, and tells the nodes', async () => {
  const user = await harness.user(acme, 'lost-phone', { totp: true })
  await enrolTotp(user)
  expect(await call('GET', `/users/${user.userId}`)).toMatchObject({ factors: ['totp'] })
  await using orders = await listen(node.api)
  await call('POST', `/users/${user.userId}/reset-factors`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', userId: user.userId, code: 'factors-reset' })
  expect(await call('GET', `/users/${user.userId}`)).toMatchObject({ factors: [] })
})

it('lets a locked-out user in at once', async () => {
  const user = await harness.user(acme, 'locked', { totp: false })
  const attempt = (password: string) =>
    new EnrolmentClient(harness.publicUrl).signIn({ tenant: 'acme', username: 'locked', password }).then(
      () => 'ok',
      (error: unknown) => (error instanceof ApiClientError ? error.code : 'unknown'),
    )
  // At once, so that the wait has doubled often enough to last.
  await Promise.all(Array.from({ length: 10 }, (_, guess) => attempt(`guess ${String(guess)}`)))
  expect(await attempt(PASSWORD)).toBe('too-many-attempts')
  await call('POST', `/users/${user.userId}/unlock`)
  expect(await attempt(PASSWORD)).toBe('ok')
})

it('ends what a user has open and lets them sign in again', async () => {
  const user = await harness.user(acme, 'everywhere', { totp: false })
  await using orders = await listen(node.api)
  await call('POST', `/users/${user.userId}/end-sessions`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', userId: user.userId })
  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  await user.client.signIn({ tenant: 'acme', username: 'everywhere', password: PASSWORD })
})

it('hides every account of another tenant, and takes none of its groups', async () => {
  const user = await harness.user(acme, 'hidden', { totp: false })
  const { api } = rival.client
  for (const [method, path, body] of [
    ['GET', `/users/${user.userId}`, undefined],
    ['PATCH', `/users/${user.userId}`, { disabled: true }],
    ['DELETE', `/users/${user.userId}`, undefined],
    ['POST', `/users/${user.userId}/reset-password`, undefined],
    ['POST', `/users/${user.userId}/reset-factors`, undefined],
    ['POST', `/users/${user.userId}/unlock`, undefined],
    ['POST', `/users/${user.userId}/end-sessions`, undefined],
    ['GET', `/groups/${acme.passwordOnly}`, undefined],
    ['PATCH', `/groups/${acme.passwordOnly}`, { name: 'x' }],
    ['DELETE', `/groups/${acme.passwordOnly}`, undefined],
    ['GET', `/groups/${acme.passwordOnly}/members`, undefined],
    ['PUT', `/groups/${rival.passwordOnly}/members/${user.userId}`, undefined],
  ] as const) {
    await expect(api.call(method, path, body), `${method} ${path}`).rejects.toMatchObject({
      status: 404,
      code: 'not-found',
    })
  }
})
