import { setTimeout as delay } from 'node:timers/promises'

import { type EnrolledDevice, requiredText } from '@sallyport/local-services'
import type { Namespace, OpenVpnClient } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type Member, PRIVATE_HOST } from './site.ts'
import { fetchPage } from './traffic.ts'
import { World } from './world.ts'

const CHANGED_WITHIN_MS = 1000

let world: World
let host: Namespace
let member: Member

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  host = await world.addHost('client')
  member = await world.site('tenant-a').addMember('alice')
})
afterAll(() => world[Symbol.asyncDispose]())

async function profileOf(path: string, body: object): Promise<EnrolledDevice> {
  const answer = await member.client.api.call('POST', path, { key: 'server-made', ...body })
  return { deviceId: requiredText(answer, 'deviceId'), profile: requiredText(answer, 'profile') }
}

/** One step of the rollover; gives the authority's id, and comes back when a node must have heard of it. */
async function step(path: string, body: object): Promise<string> {
  const { api } = world.site('tenant-a').administrator
  const authority = await api.call('POST', `/authorities${path}`, body)
  await delay(CHANGED_WITHIN_MS)
  return requiredText(authority, 'authorityId')
}

it('rolls the authority over under clients, of which only those that kept the old profile are cut', async () => {
  const { api } = world.site('tenant-a').administrator
  const [old] = (await api.call('GET', '/authorities')) as unknown[]
  const kept = await profileOf('/devices', { name: 'kept' })
  const device = await profileOf('/devices', { name: 'moved' })
  const stale = await world.startClient(host, { member, device: kept })
  await stale.waitForConnected(60_000)

  const next = await step('', {})
  const moved = await profileOf(`/devices/${device.deviceId}/renew`, {})
  const client = await world.startClient(await world.addHost('moved'), { member, device: moved })
  await client.waitForConnected(60_000)
  expect(await verified(client, 0)).toBe(requiredText(old, 'name'))

  await step(`/${next}/activate`, { force: true })
  const mark = client.mark
  client.process.signal('SIGUSR1')
  await client.waitForConnected(60_000, mark)
  expect(await verified(client, mark)).toBe(`CN=Sallyport tenant-a ${next.slice(0, 8)}`)

  const staleMark = stale.mark
  stale.process.signal('SIGUSR1')
  await stale.waitForEvent(/VERIFY ERROR: depth=[01]/, 60_000, staleMark)

  await step(`/${requiredText(old, 'authorityId')}/retire`, { force: true })
  expect(await fetchPage(host, PRIVATE_HOST.ipv4, 1)).toBeUndefined()
  const lastMark = client.mark
  client.process.signal('SIGUSR1')
  await client.waitForConnected(60_000, lastMark)
  expect(await api.call('GET', '/authorities')).toMatchObject([{ state: 'active' }, { state: 'retired' }])
})

/** The authority with which a client found the server's certificate to be right. */
async function verified(client: OpenVpnClient, since: number): Promise<string> {
  const line = await client.waitForEvent(/VERIFY OK: depth=1, /, 10_000, since)
  return /depth=1, (.*)$/.exec(line)?.[1] ?? ''
}
