import { type EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
import { afterAll, beforeAll, expect, it } from 'vitest'

import {
  authoriseRequestOf,
  AuthServiceHarness,
  enrolDevice,
  type NodeClient,
  PASSWORD,
  type TestTenant,
} from './auth-service-harness.ts'
import { listen } from './order-listener.ts'

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
const itemsOf = (page: unknown) => fieldOf(page, 'items') as Record<string, unknown>[]
const createGroup = async (name: string) => requiredText(await call('POST', '/groups', { name }), 'groupId')
const groupNames = async () => itemsOf(await call('GET', '/groups')).map(({ name }) => name)

it('creates, renames, orders and deletes groups', async () => {
  const others = await groupNames()
  const [first, second] = [await createGroup('First'), await createGroup('Second')]
  expect(await groupNames()).toEqual([...others, 'First', 'Second'])
  expect(await call('PATCH', `/groups/${second}`, { name: 'Renamed' })).toMatchObject({ name: 'Renamed', members: 0 })
  await expect(call('PATCH', `/groups/${second}`, { name: 'First' })).rejects.toMatchObject({ code: 'name-taken' })
  await expect(call('POST', '/groups', { name: ' First ' })).rejects.toMatchObject({ status: 409, code: 'name-taken' })
  await call('PUT', '/groups/order', { groupIds: [second, acme.passwordOnly, first] })
  expect(await groupNames()).toEqual(['Renamed', ...others, 'First'])
  const wrong = [[second, first], [second, acme.passwordOnly, first, first], [second, rival.passwordOnly, first], []]
  for (const groupIds of wrong) {
    await expect(call('PUT', '/groups/order', { groupIds })).rejects.toMatchObject({ code: 'groups-changed' })
  }
  expect(itemsOf(await call('GET', '/groups?search=ENAM')).map(({ name }) => name)).toEqual(['Renamed'])
  const page = await call('GET', '/groups?limit=1')
  const rest = await call('GET', `/groups?after=${requiredText(page, 'next')}`)
  expect([...itemsOf(page), ...itemsOf(rest)].map(({ name }) => name)).toEqual(['Renamed', ...others, 'First'])
  await call('DELETE', `/groups/${second}`)
  await expect(call('GET', `/groups/${second}`)).rejects.toMatchObject({ status: 404 })
  expect(await groupNames()).toEqual([...others, 'First'])
})

it.each(['', ' ', '=1+1', '@x', 'a;b', '<b>', 'x'.repeat(65), 'a\nb'])('refuses the group name %j', async (name) => {
  await expect(call('POST', '/groups', { name })).rejects.toMatchObject({ status: 400, code: 'bad-request' })
})

it('keeps an order that two administrators change at once', async () => {
  const ids = itemsOf(await call('GET', '/groups')).map((group) => requiredText(group, 'groupId'))
  const orders = [ids, ids.toReversed(), [...ids.slice(1), ...ids.slice(0, 1)]]
  await Promise.all([...orders, ...orders].map((groupIds) => call('PUT', '/groups/order', { groupIds })))
  const positions = itemsOf(await call('GET', '/groups')).map(({ position }) => position)
  expect(positions).toEqual(ids.map((_, index) => index + 1))
  await call('PUT', '/groups/order', { groupIds: ids })
  await call('PUT', '/groups/order', { groupIds: ids.toReversed(), before: ids })
  for (const before of [ids, [], ids.toReversed().slice(1)]) {
    const refused = call('PUT', '/groups/order', { groupIds: ids, before })
    await expect(refused).rejects.toMatchObject({ status: 409, code: 'changed-meanwhile' })
  }
  const stored = itemsOf(await call('GET', '/groups')).map((group) => requiredText(group, 'groupId'))
  expect(stored).toEqual(ids.toReversed())
})

it('lists the members of a group, and puts them in and out as often as asked', async () => {
  const group = await createGroup('Members')
  const ids: string[] = []
  for (const username of ['mia', 'max', 'moe']) {
    const userId = requiredText(await call('POST', '/users', { username, groupIds: [group] }), 'userId')
    ids.push(userId)
    await call('PUT', `/groups/${group}/members/${userId}`)
  }
  const members = async (query = '') =>
    itemsOf(await call('GET', `/groups/${group}/members${query}`)).map(({ username }) => username)
  expect(await members()).toEqual(['max', 'mia', 'moe'])
  expect(await members('?search=m&limit=2')).toEqual(['max', 'mia'])
  expect(await members('?search=O')).toEqual(['moe'])
  for (let round = 0; round < 2; round += 1) await call('DELETE', `/groups/${group}/members/${ids[0] ?? ''}`)
  expect(await members()).toEqual(['max', 'moe'])
  expect(await call('GET', `/groups/${group}`)).toMatchObject({ members: 2 })
  await call('DELETE', `/groups/${group}`)
  expect(await call('GET', `/users/${ids[1] ?? ''}`)).toMatchObject({ username: 'max', groups: [] })
})

it('gives a user the rules of a group from the moment they are in it, and ends what they forbid', async () => {
  const strict = await createGroup('Strict')
  await call('PUT', `/groups/${strict}/policy`, { policy: { mfa: 'required' } })
  const shown = await call('GET', `/groups/${strict}`)
  expect(fieldOf(shown, 'policy')).toEqual({ mfa: 'required' })
  const others = itemsOf(await call('GET', '/groups')).map((group) => requiredText(group, 'groupId'))
  await call('PUT', '/groups/order', { groupIds: [strict, ...others.filter((id) => id !== strict)] })
  const user = await harness.user(acme, 'loose', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const request = authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD })
  expect(await node.decision(request)).toBe('allow')
  await using orders = await listen(node.api)
  const startMs = performance.now()
  await call('PUT', `/groups/${strict}/members/${user.userId}`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', code: 'policy-changed' })
  expect(performance.now() - startMs).toBeLessThan(1000)
  expect(await node.decision(request)).not.toBe('allow')
  await call('PATCH', `/users/${user.userId}`, { groupIds: [acme.passwordOnly] })
  expect(await node.decision(request)).toBe('allow')
  await call('PATCH', `/users/${user.userId}`, { groupIds: [acme.passwordOnly, strict] })
  expect(await orders.next()).toMatchObject({ type: 'revoked', code: 'policy-changed' })
})

it('lets administrators change the settings that are theirs, within bounds, and nothing of the operator’s', async () => {
  const before = await call('GET', '/settings')
  expect(before).toMatchObject({ pingSeconds: 10, legacyClients: 'off' })
  expect(await call('PATCH', '/settings', { pingSeconds: 20, webSignIn: true })).toMatchObject({
    ...Object(before),
    pingSeconds: 20,
    webSignIn: true,
  })
  expect(await call('GET', '/settings')).toMatchObject({ pingSeconds: 20, pingRestartSeconds: 60 })
  for (const change of [
    { legacyClients: 'tls-auth' },
    { namespaces: ['host'] },
    { suspended: true },
    { pingSeconds: 1 },
    { renegotiateSeconds: 10 },
    { keyLimitBytes: 65_536 },
    { pingSeconds: 60, pingRestartSeconds: 60 },
    { pingSeconds: '20' },
  ]) {
    await expect(call('PATCH', '/settings', change), JSON.stringify(change)).rejects.toMatchObject({ status: 400 })
  }
  const user = await harness.user(acme, 'no-settings', { totp: false })
  for (const [method, body] of [
    ['GET', undefined],
    ['PATCH', { webSignIn: false }],
  ] as const) {
    await expect(user.client.api.call(method, '/settings', body)).rejects.toMatchObject({ code: 'not-allowed' })
  }
  expect(await rival.client.api.call('GET', '/settings')).toMatchObject({ pingSeconds: 10, webSignIn: false })
})
