import { setTimeout as delay } from 'node:timers/promises'

import { fieldOf, requiredText } from '@sallyport/local-services'
import type { Namespace, OpenVpnClient } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { addAccount, admitClient } from './client-under-test.ts'
import { type Member, PRIVATE_HOST, type Site } from './site.ts'
import { fetchPage, PingTrain } from './traffic.ts'
import { World } from './world.ts'

/** The shortest that a policy may say. */
const SESSION_SECONDS = 60
const RENEGOTIATE_SECONDS = 10
/** When the login is extended: late enough that keys are renewed often between its old end and its new one. */
const BEFORE_END_MS = 25_000
const LATE_MS = 3_000

let world: World
let site: Site
let hosts: Readonly<Record<'going' | 'leaving', Namespace>>

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  hosts = { going: await world.addHost('going'), leaving: await world.addHost('leaving') }
  await admitClient(world)
  site = world.site('tenant-a')
  const settings = { renegotiateSeconds: RENEGOTIATE_SECONDS }
  await world.stack.platform.call('PATCH', `/platform/tenants/${site.tenantId}`, { settings })
  const { api } = site.administrator
  const stored = await api.call('GET', '/policy')
  const policy = Object.entries(recordOf(fieldOf(stored, 'policy'))).filter(([rule]) => rule !== 'requiredSince')
  const rules = { ...Object.fromEntries(policy), sessionSeconds: SESSION_SECONDS, tokenSeconds: SESSION_SECONDS }
  await api.call('PUT', '/policy', { policy: rules, version: fieldOf(stored, 'version') })
})
afterAll(() => world[Symbol.asyncDispose]())

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

/** The only live connection of a member, as they see it. */
async function ownConnection({ client }: Member): Promise<{ connectionId: string; sessionEndsAtMs: number }> {
  const [connection, ...others] = itemsOf(await client.api.call('GET', '/me/connections?state=live'))
  expect(others).toEqual([])
  const sessionEndsAtMs = Date.parse(requiredText(connection, 'sessionEndsAt'))
  return { connectionId: requiredText(connection, 'connectionId'), sessionEndsAtMs }
}

function itemsOf(page: unknown): readonly unknown[] {
  const items = fieldOf(page, 'items')
  return Array.isArray(items) ? items : []
}

/** Gives password and second factor again, and begins the login of a connection anew; gives when it ends then. */
async function extend({ client, password }: Member, code: unknown, connectionId: string): Promise<number> {
  await client.api.call('POST', '/me/reauthenticate', { password, factor: { method: 'recovery-code', code } })
  const extended = await client.api.call('POST', `/me/connections/${connectionId}/extend`)
  return Date.parse(requiredText(extended, 'sessionEndsAt'))
}

const handshakes = (client: OpenVpnClient): number =>
  client.events.filter((event) => event.startsWith('>LOG:') && event.includes('Control Channel: TLSv1')).length

/** How many session tokens it was given. */
const tokens = (client: OpenVpnClient): number =>
  client.events.filter((event) => event.startsWith('>PASSWORD:Auth-Token')).length

it('goes on past its end when its user gives the second factor again, and else ends in time with the reason', async () => {
  const going = await addAccount(site, 'going', { totp: true })
  const codes = fieldOf(await going.member.client.api.call('POST', '/me/recovery-codes'), 'codes')
  const client = await world.startClient(hosts.going, going)
  const leaving = await addAccount(site, 'leaving')
  const other = await world.startClient(hosts.leaving, leaving)
  await Promise.all([client.waitForConnected(60_000), other.waitForConnected()])
  await using train = new PingTrain(hosts.going, PRIVATE_HOST.ipv4)
  const firstMs = await train.nextAnswer(5_000)
  const before = await ownConnection(going.member)
  const end = await ownConnection(leaving.member)

  await delay(before.sessionEndsAtMs - BEFORE_END_MS - Date.now())
  const given = tokens(client)
  const extendedEndMs = await extend(going.member, Array.isArray(codes) ? codes[0] : '', before.connectionId)
  expect(extendedEndMs).toBeGreaterThan(before.sessionEndsAtMs)
  expect(Date.now()).toBeLessThan(before.sessionEndsAtMs)
  await expect.poll(() => tokens(client), { timeout: 10_000, interval: 100 }).toBeGreaterThan(given)

  const reason = await other.waitForFailure(SESSION_SECONDS * 1000)
  expect(reason).toContain('The session has ended')
  expect(Math.abs(Date.now() - end.sessionEndsAtMs)).toBeLessThan(LATE_MS)
  await expect.poll(() => other.promptCount, { timeout: 10_000 }).toBe(2)

  await delay(Math.max(0, before.sessionEndsAtMs + LATE_MS - Date.now()))
  const renewed = handshakes(client)
  await expect
    .poll(() => handshakes(client), { timeout: 2 * RENEGOTIATE_SECONDS * 1000, interval: 100 })
    .toBeGreaterThan(renewed)
  await train.nextAnswer(5_000)
  expect(Date.now()).toBeLessThan(extendedEndMs)
  expect(train.longestGapMs(firstMs)).toBeLessThan(1_000)
  expect(client.promptCount).toBe(1)
  expect(await ownConnection(going.member)).toEqual({ ...before, sessionEndsAtMs: extendedEndMs })
  expect(await fetchPage(hosts.going, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
})
