import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

import type { ConnectionGrant } from '@sallyport/contracts'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { AuthServiceHarness, enrolDevice, enrolTotp, type NodeClient } from './auth-service-harness.ts'
import { PolicyDesk, type Rules } from './policy-desk.ts'
import { grantOf, People, type Person, Revocations } from './policy-people.ts'
import { queryRows } from './query-rows.ts'

const WITHIN_MS = 1000
/** Longer than an order takes, to see that none comes. */
const QUIET_MS = 700

let harness: AuthServiceHarness
let node: NodeClient
let desk: PolicyDesk
let people: People
let revocations: Revocations
let database: pg.Client

beforeAll(async () => {
  harness = await AuthServiceHarness.start()
  node = await harness.node('node-1')
  const tenant = await harness.tenant('acme')
  desk = new PolicyDesk(tenant)
  people = new People(harness, node, tenant)
  revocations = await Revocations.of(node)
  database = new pg.Client({ connectionString: harness.postgres.url })
  await database.connect()
})

afterAll(async () => {
  revocations[Symbol.dispose]()
  await database.end()
  await harness[Symbol.asyncDispose]()
})

/** How many transactions wait for another; not asked in one, which would see the same again and again. */
async function waiting(): Promise<number> {
  const rows = await queryRows(harness.postgres.url, "select 1 from pg_stat_activity where wait_event_type = 'Lock'")
  return rows.length
}

interface Live {
  readonly person: Person
  readonly grant: ConnectionGrant
}

/** Somebody without a factor who is connected because a group asks for none. */
async function connectedBy(rules: Rules): Promise<Live & { groupId: string }> {
  const person = await people.withoutFactor()
  const groupId = await desk.group(rules, person.userId)
  return { person, groupId, grant: await person.connect() }
}

async function connectedByCode(): Promise<Live> {
  const person = await people.withTotp()
  return { person, grant: await person.connect(person.code()) }
}

/** Does something, and sees exactly these connections ended within a second of the answer to it, and no others. */
async function ends(ended: readonly Live[], change: () => Promise<unknown>): Promise<void> {
  const before = revocations.seen.length
  await change()
  const doneMs = Date.now()
  const wanted = ended.map(({ grant }) => grant.connectionId).toSorted()
  const told = (): (string | undefined)[] =>
    revocations.seen
      .slice(before)
      .map(({ connectionId }) => connectionId)
      .toSorted()
  if (wanted.length > 0) await expect.poll(told, { timeout: WITHIN_MS, interval: 20 }).toEqual(wanted)
  await delay(QUIET_MS)
  expect(told()).toEqual(wanted)
  for (const { atMs, message } of revocations.seen.slice(before)) {
    expect(atMs - doneMs).toBeLessThan(WITHIN_MS)
    expect(message).toMatch(/[Pp]lease/)
  }
}

it('ends those who have no factor when one is required at once, and nobody else', async () => {
  const [bare, coded] = [await connectedBy({ mfa: 'off' }), await connectedByCode()]
  const other = await connectedBy({ mfa: 'optional' })
  await ends([bare], () => desk.changeGroup(bare.groupId, { mfa: 'required' }))
  expect(await bare.person.renegotiate(bare.grant)).not.toBe('allow')
  const { rows } = await database.query<{ actor: string; details: string }>(
    "select actor, details from audit_events where action = 'connection.end' and target = $1 and user_id = $2",
    [`connection:${bare.grant.connectionId}`, bare.person.user.userId],
  )
  expect(rows).toEqual([{ actor: 'policy', details: '{"reason":"policy-changed"}' }])
  expect(await bare.person.password()).toBe('otp-not-enrolled')
  expect(await coded.person.renegotiate(coded.grant)).toBe('allow')
  expect(await other.person.renegotiate(other.grant)).toBe('allow')
})

it('keeps those whom a time of grace lets go on', async () => {
  const bare = await connectedBy({ mfa: 'off' })
  await ends([], () => desk.changeGroup(bare.groupId, { mfa: 'required', enrolmentGraceSeconds: 3600 }))
  expect(await bare.person.renegotiate(bare.grant)).toBe('allow')
  await ends([bare], () => desk.changeGroup(bare.groupId, { mfa: 'required', enrolmentGraceSeconds: 0 }))
})

it('ends those whose proof is by a method that counts no more', async () => {
  const coded = await connectedByCode()
  const groupId = await desk.group({ methods: ['totp', 'passkey'] }, coded.person.userId)
  await ends([coded], () => desk.changeGroup(groupId, { methods: ['passkey'] }))
  expect(await coded.person.password()).toBe('method-not-allowed')
})

it('ends those who have a factor and did not prove it, when it is asked for', async () => {
  const person = await people.withTotp()
  const groupId = await desk.group({ mfa: 'off' }, person.userId)
  const grant = await person.connect()
  await ends([{ person, grant }], () => desk.changeGroup(groupId, { mfa: 'optional' }))
  expect(await person.token(grant.sessionToken)).toBe('token-expired')
  expect(await person.password(person.code())).toBe('allow')
})

it('ends those who have lost the group that let them in, and keeps who is in another one like it', async () => {
  const [leaving, staying] = [await connectedBy({ mfa: 'off' }), await connectedBy({ mfa: 'off' })]
  await desk.group({ mfa: 'off' }, staying.person.userId)
  await ends([leaving], () => desk.remove(leaving.groupId, leaving.person.userId))
  await ends([], () => desk.remove(staying.groupId, staying.person.userId))
})

it('ends those who have come into a group that does not let them in, and not who has an earlier one that does', async () => {
  const [first, second] = [await connectedBy({ mfa: 'off' }), await connectedBy({ mfa: 'off' })]
  const strict = await desk.group({ mfa: 'required' })
  await ends([], () => desk.add(strict, first.person.userId))
  await ends([first], () => desk.order(strict))
  await ends([second], () => desk.add(strict, second.person.userId))
})

it('ends the members of a group that is deleted, when the tenant lets them in no more', async () => {
  const [member, other] = [await connectedBy({ mfa: 'off' }), await connectedBy({ mfa: 'off' })]
  await ends([member], () => desk.tenant.client.api.call('DELETE', `/groups/${member.groupId}`))
  expect(await other.person.renegotiate(other.grant)).toBe('allow')
})

it('ends by the tenant’s policy all whom no group keeps, of this tenant only', async () => {
  const rival = new PolicyDesk(await harness.tenant('rival'))
  await rival.change({ mfa: 'optional' })
  const theirs = await new People(harness, node, rival.tenant).withoutFactor()
  const stranger = { person: theirs, grant: await theirs.connect() }
  const kept = await connectedBy({ mfa: 'off' })
  await desk.change({ mfa: 'optional' })
  const lost = await connectedBy({})
  const coded = await connectedByCode()
  await ends([lost], () => desk.change({ mfa: 'required' }))
  for (const { person, grant } of [stranger, kept, coded]) expect(await person.renegotiate(grant)).toBe('allow')
})

it('ends nobody for a change that denies nobody', async () => {
  const [bare, coded] = [await connectedBy({ mfa: 'off' }), await connectedByCode()]
  const harmless: readonly Rules[] = [
    { deviceLimit: 1 },
    { connectionLimit: 1 },
    { sessionSeconds: 3600, tokenSeconds: 3600 },
    { idleSeconds: 3600 },
    { askOnNewDevice: true, askOnAddressChange: true },
    { askAgain: { every: 'hours', hours: 1 } },
    { methods: ['totp'] },
    { deviceCertificateDays: 1, deviceRenewalDays: 1 },
  ]
  const { rules: before } = await desk.current()
  for (const rules of harmless) await ends([], () => desk.change(rules))
  expect(await bare.person.renegotiate(bare.grant)).toBe('allow')
  expect(await coded.person.renegotiate(coded.grant)).toBe('allow')
  await desk.change(before)
})

it('keeps a connection that goes on with an earlier login: its proof came with that', async () => {
  const { person, grant } = await connectedByCode()
  const again = grantOf(await person.ask({ kind: 'session-token', token: grant.sessionToken }))
  await person.leave(grant.connectionId)
  // As if the computer had slept for an hour between them.
  await database.query("update devices set factor_at = factor_at - interval '1 hour' where id = $1", [
    person.device.deviceId,
  ])
  const noted = await database.query(
    "update connections set login_started_at = login_started_at - interval '1 hour' where id = $1",
    [again.connectionId],
  )
  expect(noted.rowCount).toBe(1)
  await ends([], () => desk.change({ deviceRenewalDays: 1, deviceCertificateDays: 2 }))
  await ends([{ person, grant: again }], () => desk.change({ sessionSeconds: 3000, tokenSeconds: 3000 }))
  await desk.change({ sessionSeconds: 43_200 })
})

it('ends logins that have lasted longer than they now may', async () => {
  const bare = await connectedBy({ mfa: 'off' })
  await database.query(
    "update connections set login_started_at = login_started_at - interval '2 hours' where id = $1",
    [bare.grant.connectionId],
  )
  await ends([], () => desk.changeGroup(bare.groupId, { mfa: 'off', sessionSeconds: 7500, tokenSeconds: 60 }))
  await ends([bare], () => desk.changeGroup(bare.groupId, { mfa: 'off', sessionSeconds: 7000, tokenSeconds: 60 }))
})

it('ends a connection once: a second change says it to no node again', async () => {
  const bare = await connectedBy({ mfa: 'off' })
  await ends([bare], () => desk.changeGroup(bare.groupId, { mfa: 'required' }))
  await ends([], () => desk.changeGroup(bare.groupId, { mfa: 'required', deviceLimit: 3 }))
})

it('keeps a login at which a factor was enrolled before it was required', async () => {
  const person = await people.withoutFactor()
  const groupId = await desk.group({ mfa: 'off' }, person.userId)
  await enrolTotp(person.user)
  const grant = await person.connect()
  await ends([], () => desk.changeGroup(groupId, { mfa: 'off', deviceLimit: 4 }))
  await ends([{ person, grant }], () => desk.changeGroup(groupId, { mfa: 'required' }))
})

it('waits for renewals that are noted together, and lets none of them wait for it', async () => {
  const two = [await people.withoutFactor(), await people.withoutFactor()]
  const [first, second] = two.toSorted((a, b) => (a.device.deviceId < b.device.deviceId ? -1 : 1))
  if (first === undefined || second === undefined) throw new Error('nobody is there')
  const groupId = await desk.group({ mfa: 'off' }, first.userId, second.userId)
  let ids: readonly string[] = []
  // Of all orders that one in which the ids of connections say something else than those of devices.
  do ids = [(await first.connect()).connectionId, (await second.connect()).connectionId]
  while ((ids[0] ?? '') < (ids[1] ?? ''))
  const renew = (id: string | undefined): Promise<unknown> =>
    database.query('update connections set cipher = cipher where id = $1', [id])
  await database.query('begin')
  try {
    await renew(ids[0])
    const changed = desk.changeGroup(groupId, { mfa: 'off', sessionSeconds: 7200, tokenSeconds: 60 })
    // The later look at what an earlier change may have missed can wait beside it.
    await expect.poll(waiting, { timeout: 3000, interval: 20 }).toBeGreaterThan(0)
    await renew(ids[1])
    await database.query('commit')
    await changed
  } finally {
    await database.query('rollback')
  }
})

it('locks connections of several devices in that order, whatever ends them', async () => {
  const tenant = await harness.tenant('endings')
  const setLegacyClients = (legacyClients: string): Promise<unknown> =>
    harness.operator.call('PATCH', `/platform/tenants/${tenant.tenantId}`, { settings: { legacyClients } })
  await setLegacyClients('tls-crypt')
  const endings: readonly ((userId: string) => Promise<unknown>)[] = [
    (userId) => tenant.client.api.call('POST', `/users/${userId}/end-sessions`),
    () => setLegacyClients('off'),
    (userId) => tenant.client.api.call('DELETE', `/users/${userId}`),
  ]
  for (const [place, end] of endings.entries()) {
    const user = await harness.user(tenant, `user-${String(place)}`, { totp: false })
    for (const name of ['laptop', 'phone']) await enrolDevice(user, name)
    // The row that has to be locked last is the first in the table, and the one of the lower id.
    const [last, first] = [randomUUID(), randomUUID()].toSorted()
    await database.query(
      `insert into connections
         (id, tenant_id, user_id, device_id, network_id, service_id, control_key, remote_address, remote_port)
       select ($2::uuid[])[row_number() over (order by id desc)], tenant_id, user_id, id, network_id,
         (select id from services limit 1), 'tenant', '192.0.2.1', 1
       from devices where user_id = $1 order by devices.id desc`,
      [user.userId, [last, first]],
    )
    await database.query('begin')
    try {
      await database.query('select from connections where id = $1 for no key update', [last])
      const ended = end(user.userId)
      await expect.poll(waiting, { timeout: 3000, interval: 20 }).toBe(1)
      const free = 'select id from connections where id = $1 for no key update skip locked'
      expect(await queryRows(harness.postgres.url, free, [first])).toEqual([])
      await database.query('commit')
      await ended
    } finally {
      await database.query('rollback')
    }
  }
})

it('ends a moment later what was decided by the rules before and written down after the change', async () => {
  const bare = await connectedBy({ mfa: 'off' })
  await ends([bare], () => desk.changeGroup(bare.groupId, { mfa: 'required' }))
  const columns = 'tenant_id, user_id, device_id, network_id, service_id, remote_address, remote_port'
  const { rows } = await database.query<{ id: string }>(
    `insert into connections (${columns}) select ${columns} from connections where id = $1 returning id`,
    [bare.grant.connectionId],
  )
  const told = (): unknown[] => revocations.seen.map(({ connectionId }) => connectionId)
  await expect.poll(told, { timeout: 25_000, interval: 200 }).toContain(rows[0]?.id)
})

it('judges thousands of live connections within a second', async () => {
  const bare = await connectedBy({ mfa: 'off' })
  const coded = await connectedByCode()
  const columns = 'tenant_id, user_id, device_id, network_id, service_id, remote_address, remote_port'
  for (const [{ grant }, count] of [
    [bare, 500],
    [coded, 2500],
  ] as const) {
    await database.query(
      `insert into connections (${columns}) select ${columns} from connections, generate_series(1, $2) where id = $1`,
      [grant.connectionId, count],
    )
  }
  const before = revocations.seen.length
  const beganMs = Date.now()
  await desk.changeGroup(bare.groupId, { mfa: 'required' })
  await desk.change({ deviceLimit: 500 })
  await expect.poll(() => revocations.seen.length - before, { timeout: 5000, interval: 20 }).toBe(501)
  expect(Math.max(...revocations.seen.map(({ atMs }) => atMs)) - beganMs).toBeLessThan(2 * WITHIN_MS)
  expect(await coded.person.renegotiate(coded.grant)).toBe('allow')
})
