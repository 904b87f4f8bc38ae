import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

import type { EnrolledDevice } from '@sallyport/local-services'
import { type Namespace, type OpenVpnClient, SeededRandom } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { withRemote } from './client-profile.ts'
import { DatagramRecorder } from './datagram-recorder.ts'
import { Account } from './hostile-account.ts'
import { hostileDatagram, type HostileMaterial } from './hostile-datagrams.ts'
import { validFirstPackets } from './hostile-first-packets.ts'
import { clientAddress, HostileHost } from './hostile-flood.ts'
import { deliveredRates, type LiveStream } from './hostile-live-traffic.ts'
import { together } from './hostile-program.ts'
import { listenerOf } from './node-listener.ts'
import { type Member, PRIVATE_HOST } from './site.ts'
import { fetchPage } from './traffic.ts'
import { World } from './world.ts'

const FLOOD = { count: 10_000_000, perSecond: 125_000, seed: 20_261_122 }
/** So that what is allocated once is there before memory is measured. */
const WARM_UP = { count: 200_000, perSecond: 125_000, seed: 1 }
/** How many datagrams are made; the sender goes through them again and again, with other addresses and other bits. */
const KINDS = { count: 50_000, seed: 20_261_123 }
const FIRST_PACKETS = 5_000
const CONNECTIONS = { perSecond: 60, seconds: 70 }
const UNDISTURBED_SECONDS = 15
/** Less than the flood takes. */
const DISTURBED_SECONDS = 70
const RENEGOTIATE_SECONDS = 30
const NEWCOMER_SECONDS = 60

/** Of what each stream delivers undisturbed. */
const MIN_KEPT = 0.9
/** From before the flood to the peak; docs/limits.md states it. */
const MAX_GROWTH_BYTES = 64 * 1024 * 1024
/** Of all datagrams: what clients of good and of bad will add to the drops without being datagrams of the flood. */
const COUNT_TOLERANCE = 0.002

interface Employee {
  readonly member: Member
  readonly device: EnrolledDevice
}

let world: World
let hostile: HostileHost
let hosts: readonly Namespace[]
let employees: readonly Employee[]

beforeAll(async () => {
  const listen = ({ ipv4 }: { ipv4: string }): string => `udp:${ipv4}:0,tcp:${ipv4}:0`
  world = await World.create({ sites: [{ slug: 'tenant-a' }], listen })
  hostile = await HostileHost.create(world)
  hosts = [await world.addHost('a'), await world.addHost('b'), await world.addHost('c'), await world.addHost('d')]
  const site = world.site('tenant-a')
  employees = await Promise.all(['alice', 'bob', 'carol', 'dave'].map((name) => site.addDevice(name)))
})
afterAll(() => world[Symbol.asyncDispose]())

function part<Item>(items: readonly Item[], index: number): Item {
  const item = items[index]
  if (item === undefined) throw new RangeError(`there is no number ${String(index)}`)
  return item
}

/** What a real client sends from its first packet to a fetched page. */
async function recordClient(): Promise<readonly [Buffer, ...Buffer[]]> {
  const { node } = world.stack.addresses
  await using recorder = await DatagramRecorder.create(node.host, node)
  const employee = part(employees, 0)
  const profile = withRemote(employee.device.profile, { host: node.host, port: recorder.port, transport: 'udp' })
  await using client = await world.startClient(part(hosts, 0), employee, { profile })
  await client.waitForConnected()
  expect(await fetchPage(part(hosts, 0), PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  return [part(recorder.recorded, 0), ...recorder.recorded.slice(1)]
}

async function startClient(index: number, transport: 'udp' | 'tcp'): Promise<OpenVpnClient> {
  const employee = part(employees, index)
  const profile = withRemote(employee.device.profile, listenerOf(world, transport, 4))
  const extraArgs = ['--reneg-sec', String(RENEGOTIATE_SECONDS)]
  const client = await world.startClient(part(hosts, index), employee, { profile, extraArgs })
  await client.waitForConnected()
  return client
}

/** Memory of the node: now, or the most there was since its start. */
async function nodeBytes(which: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${String(world.stack.services['vpn-node'].pid)}/status`, 'utf8')
  return Number(new RegExp(`^${which}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
}

function liveStreams(): readonly LiveStream[] {
  const [a, b, c] = [part(hosts, 0), part(hosts, 1), part(hosts, 2)]
  return [
    { name: 'a down', client: a, transport: 'tcp', direction: 'down', megabitsPerSecond: 12 },
    { name: 'a up', client: a, transport: 'udp', direction: 'up', megabitsPerSecond: 6 },
    { name: 'b up', client: b, transport: 'tcp', direction: 'up', megabitsPerSecond: 12 },
    { name: 'b down', client: b, transport: 'udp', direction: 'down', megabitsPerSecond: 6 },
    { name: 'c down', client: c, transport: 'tcp', direction: 'down', megabitsPerSecond: 6 },
  ]
}

/** How long somebody new takes to connect and to fetch a page. */
async function newcomerMs(): Promise<number> {
  const startedMs = performance.now()
  const employee = part(employees, 3)
  const profile = withRemote(employee.device.profile, listenerOf(world, 'udp', 4))
  await using client = await world.startClient(part(hosts, 3), employee, { profile })
  await client.waitForConnected(NEWCOMER_SECONDS * 1000)
  const tookMs = performance.now() - startedMs
  expect(await fetchPage(part(hosts, 3), PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  return tookMs
}

function renegotiations(client: OpenVpnClient, mark: number): number {
  return client.events.slice(mark).filter((event) => event.includes('Control Channel: TLSv1')).length
}

it('is repeated exactly by its seed', () => {
  const material: HostileMaterial = {
    recorded: [Buffer.from('5001', 'hex')],
    firstPackets: [Buffer.from('5002', 'hex')],
    live: [{ address: '192.0.2.1', port: 1 }],
  }
  const datagrams = (): unknown => {
    const random = new SeededRandom(KINDS.seed)
    return Array.from({ length: 1000 }, () => hostileDatagram(random, material))
  }
  expect(datagrams()).toEqual(datagrams())
})

/** Everything hostile at once, and meanwhile the live traffic and somebody new. */
async function disturb(signal: AbortSignal): Promise<{
  sent: number
  connections: number
  rates: ReadonlyMap<string, number>
  /** How long the newcomer took to connect. */
  tookMs: number
}> {
  const { lan } = world.site('tenant-a')
  const [{ sent }, connections, rates, tookMs] = await together(signal, (either) => [
    hostile.flood(FLOOD, either),
    hostile.harass(listenerOf(world, 'tcp', 4), CONNECTIONS, either),
    deliveredRates(liveStreams(), { server: lan, seconds: DISTURBED_SECONDS, firstPort: 6100 }, either),
    delay(5_000).then(newcomerMs),
  ])
  return { sent, connections, rates, tookMs }
}

it('carries its clients through ten million hostile datagrams and thousands of hostile connections', async (test) => {
  const { pid } = world.stack.services['vpn-node']
  const recorded = await recordClient()
  const clients = [await startClient(0, 'udp'), await startClient(1, 'udp'), await startClient(2, 'tcp')]
  const firstPackets = validFirstPackets(part(employees, 0).device.profile, FIRST_PACKETS)
  const live = [await clientAddress(part(hosts, 0)), await clientAddress(part(hosts, 1))]
  await hostile.prepare({ recorded, firstPackets, live }, KINDS)
  await hostile.flood(WARM_UP, test.signal)
  const quiet = { server: world.site('tenant-a').lan, seconds: UNDISTURBED_SECONDS, firstPort: 6000 }
  const undisturbed = await deliveredRates(liveStreams(), quiet, test.signal)
  const residentBytes = await nodeBytes('VmRSS')
  const before = await Account.read(world)
  const marks = clients.map((client) => client.mark)

  const { sent, connections, rates, tookMs } = await disturb(test.signal)

  const after = await Account.read(world)
  const grownBytes = (await nodeBytes('VmHWM')) - residentBytes
  const renegotiated = clients.map((client, index) => renegotiations(client, part(marks, index)))
  const kept = Array.from(undisturbed, ([name, rate]) => [name, (rates.get(name) ?? 0) / rate] as const)
  const found = { kept: Object.fromEntries(kept), tookMs, grownBytes, renegotiated, connections }
  await test.annotate(JSON.stringify({ ...found, counters: after.since(before) }))
  expect(sent).toBe(FLOOD.count)
  expect(connections).toBeGreaterThan(2_000)
  expect(world.stack.services['vpn-node'].pid).toBe(pid)
  expect(grownBytes).toBeLessThan(MAX_GROWTH_BYTES)
  expect(kept.filter(([, share]) => share < MIN_KEPT)).toEqual([])
  expect(renegotiated.every((count) => count >= 1)).toBe(true)
  expect(after.unexplained - before.unexplained).toBe(0)
  expect(Math.abs(after.turnedAway - before.turnedAway - sent)).toBeLessThan(sent * COUNT_TOLERANCE)
  expect(clients.map(({ promptCount }) => promptCount)).toEqual([1, 1, 1])
  for (const host of hosts.slice(0, clients.length)) {
    expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  }
})
