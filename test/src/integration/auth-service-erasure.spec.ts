import { setTimeout as delay } from 'node:timers/promises'

import { syncResponse } from '@sallyport/contracts'
import { EnrolmentClient, fieldOf, requiredText } from '@sallyport/local-services'
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

let harness: AuthServiceHarness
let acme: TestTenant
let node: NodeClient

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  acme = await harness.tenant('acme')
  node = await harness.node('node-1')
}, 60_000)

afterAll(() => harness[Symbol.asyncDispose]())

const rowsOf = (sql: string, ...values: unknown[]) => queryRows(harness.postgres.url, sql, values)

/** Every table with a column `user_id`, and what else belongs to a user. */
async function rowsAbout(userId: string): Promise<string[]> {
  const columns = await rowsOf(
    "SELECT table_name FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = 'public'",
  )
  const counts = await Promise.all(
    columns.map(async ({ table_name: table }) => {
      const [row] = await rowsOf(`SELECT count(*)::int AS count FROM "${String(table)}" WHERE user_id = $1`, userId)
      return `${String(table)} ${String(row?.['count'])}`
    }),
  )
  return counts.filter((line) => !line.endsWith(' 0')).sort()
}

it('deletes a user with everything that is known of them, and ends their connections at once', async () => {
  const user = await harness.user(acme, 'leaver', { totp: true })
  await acme.client.api.call('PATCH', `/users/${user.userId}`, { email: 'leaver@example.com', displayName: 'Lea Ver' })
  const codes = await enrolTotp(user)
  const device = await enrolDevice(user, 'Laptop')
  await user.client.api.call('POST', '/me/api-tokens', { name: 'script', scopes: 'all', expiresInSeconds: 3600 })
  const credential = { kind: 'password', password: PASSWORD, response: codes.next() } as const
  const answer = await node.authorise(authoriseRequestOf(user, device, credential))
  expect(answer.decision).toBe('allow')
  expect(await rowsAbout(user.userId)).toEqual(
    expect.arrayContaining([expect.stringMatching(/^audit_events/), 'api_tokens 1', 'connections 1', 'devices 1']),
  )

  await using orders = await listen(node.api)
  const startedMs = performance.now()
  await acme.client.api.call('DELETE', `/users/${user.userId}`)
  expect(await orders.next()).toMatchObject({ type: 'revoked', userId: user.userId, code: 'user-deleted' })
  expect(performance.now() - startedMs).toBeLessThan(1000)

  const left = await rowsAbout(user.userId)
  expect(left.filter((line) => !line.startsWith('audit_events'))).toEqual([])
  expect(await rowsOf('SELECT id FROM users WHERE id = $1', user.userId)).toEqual([])
  const everything = await rowsOf(
    "SELECT coalesce(details, '') || coalesce(actor, '') || coalesce(target, '') AS text FROM audit_events",
  )
  expect(everything.map((row) => row['text']).join('\n')).not.toMatch(/leaver|lea ver/i)
  expect(
    await rowsOf('SELECT details FROM audit_events WHERE user_id = $1 AND details IS NOT NULL', user.userId),
  ).toEqual([])
  const serials = await rowsOf('SELECT serial, reason FROM revoked_certificates')
  expect(serials).toEqual([{ serial: device.certificate.serial, reason: 'cessation-of-operation' }])

  await expect(user.client.api.call('GET', '/me')).rejects.toMatchObject({ status: 401 })
  expect((await node.authorise(authoriseRequestOf(user, device, credential))).decision).toBe('deny')
  await expect(acme.client.api.call('GET', `/users/${user.userId}`)).rejects.toMatchObject({ status: 404 })
  await expect(acme.client.api.call('DELETE', `/users/${user.userId}`)).rejects.toMatchObject({ status: 404 })
})

it('tells a node that missed the order when it synchronises', async () => {
  const user = await harness.user(acme, 'missed', { totp: false })
  const device = await enrolDevice(user, 'Laptop')
  const request = authoriseRequestOf(user, device, { kind: 'password', password: PASSWORD })
  const answer = await node.authorise(request)
  const connectionId = requiredText(fieldOf(answer, 'grant'), 'connectionId')
  await acme.client.api.call('DELETE', `/users/${user.userId}`)
  const path = '/node-api/v1/connections/sync'
  const synced = await node.api.call({
    method: 'POST',
    path,
    body: { connectionIds: [connectionId] },
    response: syncResponse,
  })
  expect(synced.end).toEqual([expect.objectContaining({ connectionId })])
})

it('gives the name to somebody new, who has nothing of the one before', async () => {
  const first = await harness.user(acme, 'same-name', { totp: false })
  const device = await enrolDevice(first, 'Laptop')
  await acme.client.api.call('DELETE', `/users/${first.userId}`)
  const second = await harness.user(acme, 'same-name', { totp: false })
  expect(second.userId).not.toBe(first.userId)
  const request = authoriseRequestOf(second, device, { kind: 'password', password: PASSWORD })
  expect((await node.authorise(request)).decision).toBe('deny')
})

it('loses nothing and leaves nothing when a device is enrolled while its user is deleted', async () => {
  for (let round = 0; round < 5; round += 1) {
    const user = await harness.user(acme, `race-${String(round)}`, { totp: false })
    const [, deleted] = await Promise.allSettled([
      user.client.enrolDevice('Laptop'),
      delay(round * 4).then(() => acme.client.api.call('DELETE', `/users/${user.userId}`)),
    ])
    expect(deleted.status).toBe('fulfilled')
    expect((await rowsAbout(user.userId)).filter((line) => !line.startsWith('audit_events'))).toEqual([])
  }
  expect(
    await new EnrolmentClient(harness.publicUrl).signIn({ tenant: 'acme', username: 'admin', password: PASSWORD }),
  ).toBeDefined()
})
