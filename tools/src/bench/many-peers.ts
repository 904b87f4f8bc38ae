import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import type { Benchmark, BenchScene, Contender } from './benchmark.ts'
import { cpuSeconds } from './cpu-time.ts'
import { buildLane, TARGET_ADDRESS } from './lane.ts'
import { connectLoadClients, type LoadClients } from './load-client.ts'
import { startOurs } from './our-server.ts'
import { type BenchResult, compare } from './report.ts'
import { udpDatagrams } from './udp-counters.ts'

const FEW = 10
/** More would not fit into the time that its clients allow the peer. */
const MOST_OF_PEER = 1_000
const RATE_PER_SECOND = 40
const STORM_TIMEOUT_MS = 1_200_000
/** Longer than a stretch of garbage and of handshakes' timers takes to go. */
const SETTLE_MS = 30_000
const IDLE_ROUNDS = 4
const IDLE_SECONDS = 20
const TRAFFIC_ROUNDS = 4
/** As long as the regular work of a node takes to come round. */
const TRAFFIC_SECONDS = 15
const TRAFFIC_PER_SECOND = 20_000
const TRAFFIC_BYTES = 200
/** Of the TCP/UDP services of a host: `discard` (RFC 863). */
const DISCARD_PORT = 9
const SINK_START_TIMEOUT_MS = 10_000

/** A server and its connected clients. */
type Crowd = Contender & { readonly clients: LoadClients }

/** What connected clients cost that do nothing, and what a packet costs among many of them. */
export const manyPeersBenchmark: Benchmark = {
  names: ['peers-scaling', 'idle-peers-cpu', 'idle-peers-memory'],
  async run(scene) {
    const { ours, peer, crowd, checkpoint } = scene
    const peerCrowd = Math.min(MOST_OF_PEER, crowd)
    const many = await withClients(ours, crowd, RATE_PER_SECOND, scene, async (clients, memory) => ({
      memory,
      idle: await idleCosts(ours, crowd, scene),
      packets: await packetCosts({ ...ours, clients }, scene),
    }))
    checkpoint('idle-peers: openvpn')
    const theirs = await withClients(peer, peerCrowd, RATE_PER_SECOND, scene, async (_clients, memory) => ({
      memory,
      idle: await idleCosts(peer, peerCrowd, scene),
    }))
    return [
      scaling(many.packets, crowd),
      compare({
        name: 'idle-peers-cpu',
        unit: 'CPU µs per peer and second',
        ours: many.idle,
        peer: theirs.idle,
        conditions: `${String(crowd)} clients of ours, ${String(peerCrowd)} of openvpn, all with keepalive pings each 10 s both ways; utime+stime of the whole server process over ${String(IDLE_SECONDS)} s`,
      }),
      compare({
        name: 'idle-peers-memory',
        unit: 'KiB per peer',
        ours: [many.memory],
        peer: [theirs.memory],
        conditions: `growth of the resident memory of the whole server process from no client to ${String(crowd)} (openvpn: ${String(peerCrowd)}), ${String(SETTLE_MS / 1000)} s after the last had connected`,
      }),
    ]
  },
}

async function withClients<Result>(
  { lane, server }: Contender,
  count: number,
  ratePerSecond: number,
  { checkpoint }: BenchScene,
  measure: (clients: LoadClients, memoryKib: number) => Promise<Result>,
): Promise<Result> {
  checkpoint(`${String(count)} clients are enrolled`)
  const devices = await server.devicesFor(count)
  const before = await residentKib(server.pid)
  checkpoint(`${String(count)} clients connect`)
  await using clients = await connectLoadClients(lane, devices, {
    clients: count,
    ratePerSecond,
    timeoutMs: STORM_TIMEOUT_MS,
  })
  await delay(SETTLE_MS)
  return await measure(clients, ((await residentKib(server.pid)) - before) / count)
}

/** CPU µs per peer and second, for each round. */
async function idleCosts({ server }: Contender, count: number, { checkpoint }: BenchScene): Promise<number[]> {
  const costs: number[] = []
  for (let round = 1; round <= IDLE_ROUNDS; round++) {
    const before = await cpuSeconds(server.pid)
    await delay(IDLE_SECONDS * 1000)
    const cost = (((await cpuSeconds(server.pid)) - before) * 1e6) / IDLE_SECONDS / count
    costs.push(cost)
    checkpoint(`${String(count)} idle clients, round ${String(round)}: ${cost.toFixed(1)} CPU µs per peer and second`)
  }
  return costs
}

/** CPU µs per packet beyond what idle clients cost, for each round: among many clients, and on another node with few. */
async function packetCosts(many: Crowd, scene: BenchScene): Promise<Record<'few' | 'many', number[]>> {
  await using lane = await buildLane('bench-f')
  await using server = await startOurs(lane, scene.checkpoint, { NODE_DATA_THREADS: '1' })
  return await withClients({ lane, server }, FEW, RATE_PER_SECOND, scene, async (clients) => {
    const costs: Record<'few' | 'many', number[]> = { few: [], many: [] }
    for (let round = 1; round <= TRAFFIC_ROUNDS; round++) {
      for (const [name, crowd] of [['few', { lane, server, clients }] as const, ['many', many] as const]) {
        const cost = await packetCost(crowd)
        costs[name].push(cost)
        scene.checkpoint(
          `${String(crowd.clients.addresses.length)} clients, round ${String(round)}: ${cost.toFixed(2)} CPU µs per packet`,
        )
      }
    }
    return costs
  })
}

async function packetCost({ lane, server, clients }: Crowd): Promise<number> {
  await using parts = new AsyncDisposableStack()
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-sender-'))
  parts.defer(() => rm(directory, { recursive: true }))
  const file = join(directory, 'addresses')
  await writeFile(file, clients.addresses.join('\n'))
  const [sender, sink] = [programFile('udp-sender.js'), programFile('udp-sink.js')]
  const receiver = parts.use(lane.target.spawn(process.execPath, sink, TARGET_ADDRESS, String(DISCARD_PORT)))
  await receiver.waitForLine(/listening/, SINK_START_TIMEOUT_MS)
  const idle = await cpuOver(server.pid, () => delay(TRAFFIC_SECONDS * 1000))
  const before = await udpDatagrams(lane.target)
  const load = [TARGET_ADDRESS, DISCARD_PORT, TRAFFIC_PER_SECOND, TRAFFIC_BYTES, TRAFFIC_SECONDS].map(String)
  const busy = await cpuOver(server.pid, () => lane.client.exec(process.execPath, sender, file, ...load))
  const packets = (await udpDatagrams(lane.target)) - before
  return ((busy.used - (idle.used / idle.seconds) * busy.seconds) * 1e6) / packets
}

function programFile(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url))
}

async function cpuOver(pid: number, work: () => Promise<unknown>): Promise<{ used: number; seconds: number }> {
  const before = await cpuSeconds(pid)
  const startedMs = performance.now()
  await work()
  return { used: (await cpuSeconds(pid)) - before, seconds: (performance.now() - startedMs) / 1000 }
}

function scaling({ few, many }: Record<'few' | 'many', readonly number[]>, crowd: number): BenchResult {
  return compare({
    name: 'peers-scaling',
    unit: 'CPU µs per packet',
    ours: many,
    peer: few,
    conditions: `ours with ${String(crowd)} connected clients; "peer" is another node of ours with ${String(FEW)}, in turns; ${String(TRAFFIC_PER_SECOND)} UDP packets of ${String(TRAFFIC_BYTES)} bytes a second over ${String(TRAFFIC_SECONDS)} s, ten clients at a time, of all or of 400 of them in turn, 3200 flows; less what the same clients cost when idle`,
  })
}

async function residentKib(pid: number): Promise<number> {
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1])
}
