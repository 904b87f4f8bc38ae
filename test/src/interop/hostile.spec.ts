import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import type { EnrolledDevice } from '@sallyport/local-services'
import { type Namespace, SeededRandom, sha256OfBytes } from '@sallyport/testkit'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { DatagramRecorder } from './datagram-recorder.ts'
import { hostileDatagram } from './hostile-datagrams.ts'
import { type Member, PRIVATE_HOST } from './site.ts'
import { download, fetchPage } from './traffic.ts'
import { World } from './world.ts'

const SENDER = fileURLToPath(new URL('hostile-sender.ts', import.meta.url))
const WARM_UP_COUNT = 100_000
const COUNT = 900_000
const PER_SECOND = 25_000
const SEED = 20_261_122
const DOWNLOAD_BYTES = 30_000_000
const MAX_GROWTH_BYTES = 32 * 1024 * 1024

let world: World
let host: Namespace
let attacker: Namespace
let employee: { member: Member; device: EnrolledDevice }
let samplesFile: string

beforeAll(async () => {
  world = await World.create({ sites: [{ slug: 'tenant-a' }] })
  host = await world.addHost('client')
  attacker = await world.addHost('attacker')
  employee = await world.site('tenant-a').addDevice('alice')
  const samples = await recordClient()
  samplesFile = join(world.dataDirectory, 'samples.json')
  await writeFile(samplesFile, JSON.stringify(samples.map((sample) => sample.toString('base64'))))
})
afterAll(() => world[Symbol.asyncDispose]())

/** What a real client sends from its first packet to a fetched page. */
async function recordClient(): Promise<readonly Buffer[]> {
  const { node } = world.stack.addresses
  await using recorder = await DatagramRecorder.create(node.host, node)
  const profile = employee.device.profile.replace(/^remote .*$/m, `remote ${node.host} ${String(recorder.port)} udp`)
  await using client = await world.startClient(host, employee, { profile })
  await client.waitForConnected()
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
  return recorder.recorded
}

async function attack(count: number, seed: number): Promise<number> {
  const { node } = world.stack.addresses
  const numbers = [node.port, count, seed, PER_SECOND].map(String)
  const program = ['--conditions=@sallyport/source', SENDER, node.host, ...numbers, samplesFile]
  const answer: unknown = JSON.parse(await attacker.exec(process.execPath, ...program))
  return typeof answer === 'object' && answer !== null && 'sent' in answer ? Number(answer.sent) : 0
}

async function residentBytes(): Promise<number> {
  const status = await readFile(`/proc/${String(world.stack.services['vpn-node'].pid)}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** Where a received datagram may end in the engine; the protocol core counts what became of control packets. */
const ENGINE_FATES = [
  'tunPacketsSent',
  'controlPacketsReceived',
  'pingsReceived',
  'occIgnored',
  'dropControlQueueFull',
  'dropTooShort',
  'dropBadOpcode',
  'dropUnknownPeer',
  'dropWrongRemote',
  'dropUnknownKey',
  'dropBadTag',
  'dropReplayed',
  'dropNotIp',
  'dropSourceAddress',
]

/** How many datagrams came in, how many of them no counter explains, and how many the node ignored. */
async function account(): Promise<{ received: number; unexplained: number; ignored: number }> {
  const engine = await world.metrics.reasons('node_engine_total')
  const initial = [...(await world.metrics.reasons('node_initial_drops_total')).values()]
  const received = engine.get('udpPacketsReceived') ?? 0
  const explained = sum(ENGINE_FATES.map((fate) => engine.get(fate) ?? 0))
  const drops = [...engine].map(([reason, count]) => (reason.startsWith('drop') ? count : 0))
  return { received, unexplained: received - explained, ignored: sum(drops) + sum(initial) }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}

it('is repeated exactly by its seed', () => {
  const samples = [Buffer.from('5001', 'hex')] as const
  const datagrams = (): Buffer[] => {
    const random = new SeededRandom(SEED)
    return Array.from({ length: 1000 }, () => hostileDatagram(random, samples))
  }
  expect(datagrams()).toEqual(datagrams())
})

it('survives a million malformed and random datagrams while a client downloads', async () => {
  const pid = world.stack.services['vpn-node'].pid
  await using client = await world.startClient(host, employee)
  await client.waitForConnected()
  let sent = await attack(WARM_UP_COUNT, SEED + 1)
  const residentBefore = await residentBytes()
  const before = await account()

  const over = new AbortController()
  const flood = attack(COUNT, SEED).finally(() => {
    over.abort()
  })
  let downloads = 0
  while (!over.signal.aborted) {
    expect(await download(host, PRIVATE_HOST.ipv4, DOWNLOAD_BYTES)).toBe(sha256OfBytes(DOWNLOAD_BYTES))
    downloads++
  }
  const sentInFlood = await flood
  sent += sentInFlood

  expect(sent).toBe(WARM_UP_COUNT + COUNT)
  expect(downloads).toBeGreaterThanOrEqual(1)
  expect(world.stack.services['vpn-node'].pid).toBe(pid)
  expect((await residentBytes()) - residentBefore).toBeLessThan(MAX_GROWTH_BYTES)
  const after = await account()
  expect(Math.abs(after.unexplained)).toBeLessThan(10)
  // The kernel may lose some when the machine is busy, and a repeated reset deserves its answer.
  expect(after.ignored - before.ignored).toBeGreaterThan(sentInFlood * 0.5)
  expect(client.promptCount).toBe(1)
  expect(await fetchPage(host, PRIVATE_HOST.ipv4)).toContain('<h1>tenant-a</h1>')
})
