import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { type AuthoriseResponse, type ConnectionGrant, sessionEndsResponse } from '@sallyport/contracts'
import { requiredText } from '@sallyport/local-services'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'

import { AuthServiceHarness, type NodeClient, PASSWORD } from './auth-service-harness.ts'
import { listen } from './order-listener.ts'
import { PolicyDesk } from './policy-desk.ts'
import { grantOf, People, type Person } from './policy-people.ts'
import { makeRecoveryCodes } from './portal-sign-in.ts'
import { queryRows } from './query-rows.ts'

const CLOCK = fileURLToPath(new URL('./stepped-clock.ts', import.meta.url))
const SESSION_SECONDS = 3600
const ORDINARY = { sessionSeconds: SESSION_SECONDS, tokenSeconds: SESSION_SECONDS, connectionLimit: null }
const NOBODYS = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a99'

let directory: string
let harness: AuthServiceHarness
let node: NodeClient
let otherNode: NodeClient
let desk: PolicyDesk
let people: People

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-clock-'))
  await writeFile(join(directory, 'offset'), '0')
  const clock = { NODE_OPTIONS: `--import=${CLOCK}`, STEPPED_CLOCK: join(directory, 'offset') }
  harness = await AuthServiceHarness.start(clock)
  node = await harness.node('node-1')
  otherNode = await harness.node('node-2')
  const tenant = await harness.tenant('acme')
  desk = new PolicyDesk(tenant)
  people = new People(harness, node, tenant)
  await desk.change(ORDINARY)
})

beforeEach(() => setClock(0))

afterAll(async () => {
  await harness[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})

/** Sets the service's clock to so many seconds after the machine's. */
async function setClock(seconds: number): Promise<void> {
  await writeFile(join(directory, 'offset'), String(seconds * 1000))
  await delay(100)
}

/** Asks for a new login of a connection; gives when it ends, or the status and code of the refusal. */
async function extend({ user }: Person, connectionId: string): Promise<string> {
  return user.client.api.call('POST', `/me/connections/${connectionId}/extend`).then(
    (answer) => requiredText(answer, 'sessionEndsAt'),
    (error: unknown) => {
      if (!(error instanceof Error) || !('status' in error) || !('code' in error)) throw error
      return `${String(error.status)} ${String(error.code)}`
    },
  )
}

const reauthenticate = ({ user }: Person, code: string | undefined): Promise<unknown> =>
  user.client.api.call('POST', '/me/reauthenticate', {
    password: PASSWORD,
    ...(code === undefined ? {} : { factor: { method: 'recovery-code', code } }),
  })

const renew = (person: Person, connectionId: string, token: string): Promise<AuthoriseResponse> =>
  person.ask({ kind: 'session-token', token }, { phase: 'renegotiation', connectionId })

const linesOf = (connectionId: string): Promise<Readonly<Record<string, unknown>>[]> =>
  queryRows(
    harness.postgres.url,
    "select actor, outcome, user_id, details::jsonb ->> 'factor' as factor from audit_events where action = 'connection.extend' and target = $1",
    [`connection:${connectionId}`],
  )

async function endsOf({ api }: NodeClient, ...connectionIds: readonly string[]): Promise<readonly object[]> {
  const path = '/node-api/v1/connections/session-ends'
  return (await api.call({ method: 'POST', path, body: { connectionIds }, response: sessionEndsResponse })).ends
}

const endOf = (from: string, seconds: number): string => new Date(Date.parse(from) + seconds * 1000).toISOString()

it('begins a login anew under a live connection, and lets the tokens that its client has go on with it', async () => {
  const person = await people.withTotp()
  const [code] = await makeRecoveryCodes(person.user)
  await using orders = await listen(node.api)
  const other = await person.connect(person.code())
  const first = await person.connect(person.code())
  // As half of a token's time goes by, keys and token are renewed.
  await setClock(3000)
  const later = grantOf(await renew(person, first.connectionId, first.sessionToken))
  const ofOther = grantOf(await person.ask({ kind: 'session-token', token: other.sessionToken }))
  expect(later.sessionEndsAt).toBe(first.sessionEndsAt)

  await setClock(3400)
  expect(await extend(person, first.connectionId)).toBe('403 reauthentication-required')
  expect(await linesOf(first.connectionId)).toEqual([])
  await reauthenticate(person, code)
  const sessionEndsAt = await extend(person, first.connectionId)
  const beganLater = (Date.parse(sessionEndsAt) - Date.parse(first.sessionEndsAt)) / 1000
  expect(beganLater).toBeGreaterThanOrEqual(3399)
  expect(beganLater).toBeLessThan(3500)
  expect(await orders.next()).toEqual({
    type: 'session-ends',
    ends: [{ connectionId: first.connectionId, sessionEndsAt }],
    renewKeys: true,
  })
  // A node that missed the order asks; of connections that another one carries it learns nothing.
  expect(await endsOf(node, first.connectionId, NOBODYS)).toEqual([{ connectionId: first.connectionId, sessionEndsAt }])
  expect(await endsOf(otherNode, first.connectionId)).toEqual([])
  const actor = `user:${person.userId}`
  expect(await linesOf(first.connectionId)).toEqual([{ actor, outcome: 'ok', user_id: person.userId, factor: 'given' }])

  // The old end has passed.
  await setClock(3700)
  const renewed = grantOf(await renew(person, first.connectionId, later.sessionToken))
  expect(renewed.sessionEndsAt).toBe(sessionEndsAt)
  // A client that lost its connection before it got another token comes back with the old one.
  const again = grantOf(await person.ask({ kind: 'session-token', token: later.sessionToken }))
  expect(again.sessionEndsAt).toBe(sessionEndsAt)
  // It belongs to that login alone: not to another of the same device, nor to another device, and grows no younger.
  expect(await person.token(ofOther.sessionToken)).toBe('session-ended')
  expect(await person.renegotiate({ ...ofOther, connectionId: ofOther.connectionId })).toBe('session-ended')
  expect(await (await person.on('Phone')).token(later.sessionToken)).toBe('token-invalid')
  expect(await person.token(first.sessionToken)).toBe('token-expired')
  // A client that takes no tokens shows its password again: its connection goes on with the same login.
  const by = { phase: 'renegotiation', connectionId: first.connectionId } as const
  const shown = grantOf(await person.ask({ kind: 'password', password: PASSWORD }, by))
  expect(shown.sessionEndsAt).toBe(sessionEndsAt)
  expect(grantOf(await renew(person, first.connectionId, shown.sessionToken)).sessionEndsAt).toBe(sessionEndsAt)
})

it('extends every live connection of the login, and none that has ended', async () => {
  const person = await people.withTotp()
  const gone = await person.connect(person.code())
  await person.leave(gone.connectionId)
  const first = grantOf(await person.ask({ kind: 'session-token', token: gone.sessionToken }))
  const second = grantOf(await person.ask({ kind: 'session-token', token: first.sessionToken }))
  await using orders = await listen(node.api)
  await setClock(60)
  const sessionEndsAt = await extend(person, first.connectionId)
  const order = await orders.next()
  if (order.type !== 'session-ends') throw new Error(JSON.stringify(order))
  expect(order.ends.map(({ connectionId }) => connectionId).toSorted()).toEqual(
    [first.connectionId, second.connectionId].toSorted(),
  )
  expect(new Set(order.ends.map((end) => end.sessionEndsAt))).toEqual(new Set([sessionEndsAt]))
  expect(await extend(person, gone.connectionId)).toBe('409 connection-ended')
  await desk.tenant.client.api.call('DELETE', `/connections/${second.connectionId}`)
  expect(await extend(person, second.connectionId)).toBe('409 connection-ended')
})

it('needs the password alone of whom no factor is asked', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off' }, person.userId)
  const { connectionId, sessionEndsAt } = await person.connect()
  await setClock(400)
  expect(await extend(person, connectionId)).toBe('403 reauthentication-required')
  await reauthenticate(person, undefined)
  const moved = Date.parse(await extend(person, connectionId)) - Date.parse(sessionEndsAt)
  expect(moved / 1000).toBeGreaterThanOrEqual(399)
  expect(await linesOf(connectionId)).toMatchObject([{ outcome: 'ok', factor: 'not-needed' }])
})

it('does not take a factor that is only remembered, nor a connection of somebody else', async () => {
  const [person, stranger] = [await people.withTotp(), await people.withTotp()]
  const theirs = await stranger.connect(stranger.code())
  const [code] = await makeRecoveryCodes(person.user)
  const own = await person.connect(person.code())
  await desk.group({ askAgain: { every: 'hours', hours: 8 } }, person.userId)
  expect(await extend(person, theirs.connectionId)).toBe('404 not-found')
  expect(await extend(person, NOBODYS)).toBe('404 not-found')
  await setClock(400)
  expect(await extend(person, own.connectionId)).toBe('403 reauthentication-required')
  await reauthenticate(person, code)
  expect(await extend(person, own.connectionId)).toMatch(/^20/)
  expect(await linesOf(theirs.connectionId)).toEqual([])
})

it('is decided as about a new connection, and says why not', async () => {
  const person = await people.withTotp()
  const phone = await person.on('Phone')
  const grants: readonly ConnectionGrant[] = [await person.connect(person.code()), await phone.connect(phone.code())]
  await desk.change({ connectionLimit: 1 })
  for (const { connectionId, sessionEndsAt } of grants) {
    expect(await extend(person, connectionId)).toBe('403 too-many-connections')
    expect(await linesOf(connectionId)).toMatchObject([{ outcome: 'too-many-connections' }])
    const [row] = await queryRows(harness.postgres.url, 'select ends_at from connections where id = $1', [connectionId])
    expect(row?.['ends_at']).toEqual(new Date(sessionEndsAt))
  }
  await desk.change(ORDINARY)
})

it('moves the end of live logins with a change of the rules, and keeps the end of one that was extended', async () => {
  const person = await people.withTotp()
  const groupId = await desk.group({ sessionSeconds: 7200 }, person.userId)
  const { connectionId, sessionEndsAt } = await person.connect(person.code())
  await using orders = await listen(node.api)
  const moved = (end: string): object => {
    return { type: 'session-ends', ends: [{ connectionId, sessionEndsAt: end }], renewKeys: false }
  }
  await desk.changeGroup(groupId, { sessionSeconds: 5400 })
  const shorter = endOf(sessionEndsAt, -1800)
  expect(await orders.next()).toEqual(moved(shorter))
  const items: unknown = await person.user.client.api.call('GET', '/me/connections')
  expect(items).toMatchObject({ items: [{ connectionId, sessionEndsAt: shorter }] })
  await setClock(100)
  const extended = await extend(person, connectionId)
  expect(await orders.next()).toMatchObject({ renewKeys: true, ends: [{ sessionEndsAt: extended }] })
  await desk.changeGroup(groupId, { sessionSeconds: 9000 })
  expect(await orders.next()).toEqual(moved(endOf(extended, 3600)))
})

it('lets nobody of a suspended organisation go on', async () => {
  const tenant = await harness.tenant('rival')
  const person = await new People(harness, node, tenant).withTotp()
  const { connectionId } = await person.connect(person.code())
  await harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { suspended: true })
  expect(await extend(person, connectionId)).toBe('401 not-signed-in')
})

it('gives nothing to a device that is revoked at the same time', async () => {
  const person = await people.withoutFactor()
  await desk.group({ mfa: 'off' }, person.userId)
  const { connectionId } = await person.connect()
  await reauthenticate(person, undefined)
  const database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
  try {
    await database.query('begin')
    await database.query('update devices set revoked_at = now() where id = $1', [person.device.deviceId])
    const extended = extend(person, connectionId)
    const waiting = async (): Promise<unknown> =>
      (await database.query("select from pg_stat_activity where wait_event_type = 'Lock'")).rowCount
    await expect.poll(waiting, { timeout: 5000, interval: 20 }).toBe(1)
    await database.query('commit')
    expect(await extended).toBe('409 connection-ended')
    expect(await linesOf(connectionId)).toEqual([])
  } finally {
    await database.end()
  }
})
