import { readFile } from 'node:fs/promises'

import type { Benchmark, BenchScene, Contender } from './benchmark.ts'
import { IPERF_PORTS } from './lane.ts'
import { connectLoadClients } from './load-client.ts'
import { type BenchResult, compare, median } from './report.ts'
import { SOCKET_BUFFER_BYTES, TRANSMIT_QUEUE_PACKETS } from './server.ts'
import { connectStockClient } from './stock-client.ts'
import { type Direction, DIRECTIONS, type FlowEnd, measureTcp, type TcpSample } from './tcp-run.ts'

const ROUNDS = 4
const RUN_SECONDS = 7
const WARM_UP_SECONDS = 2

type Samples = Record<Direction, { ours: TcpSample[]; peer: TcpSample[] }>

/** Clients that are connected, as ends of flows. */
interface Connected extends AsyncDisposable {
  readonly flows: readonly FlowEnd[]
}

/** One pair of rows: who talks to our server and to the peer. */
interface Arrangement {
  readonly names: Readonly<Record<Direction, string>>
  readonly clients: string
  readonly connectToOurs: (contender: Contender) => Promise<Connected>
  readonly connectToPeer: (contender: Contender) => Promise<Connected>
}

/** What a server's process pays for TCP through the tunnels of its clients, in each direction. */
export const throughputBenchmarks: readonly Benchmark[] = [
  arranged({
    names: { up: 'stock-up-2', down: 'stock-down-2' },
    clients: 'two stock openvpn clients with a flow each',
    connectToOurs: (contender) => stockClients(contender, 2),
    connectToPeer: (contender) => stockClients(contender, 2),
  }),
  arranged({
    names: { up: 'stock-up-1', down: 'stock-down-1' },
    clients: 'one stock openvpn client',
    connectToOurs: (contender) => stockClients(contender, 1),
    connectToPeer: (contender) => stockClients(contender, 1),
  }),
  arranged({
    names: { up: 'offload-up', down: 'offload-down' },
    clients: 'ours with one client of apps/load, whose engine offloads too, openvpn with one stock client',
    connectToOurs: offloadClient,
    connectToPeer: (contender) => stockClients(contender, 1),
  }),
]

function arranged(arrangement: Arrangement): Benchmark {
  const { names } = arrangement
  return {
    names: DIRECTIONS.map((direction) => names[direction]),
    async run(scene) {
      const samples = await measureInTurns(arrangement, scene)
      const conditions = `${arrangement.clients}; ${await describeConditions()}`
      return DIRECTIONS.map((direction) => summarise(names[direction], samples[direction], conditions))
    },
  }
}

async function measureInTurns(
  { names, connectToOurs, connectToPeer }: Arrangement,
  { ours, peer, checkpoint }: BenchScene,
): Promise<Samples> {
  await using oursClients = await connectToOurs(ours)
  await using peerClients = await connectToPeer(peer)
  const sides = {
    ours: { pid: ours.server.pid, flows: oursClients.flows },
    peer: { pid: peer.server.pid, flows: peerClients.flows },
  }
  const samples: Samples = { up: { ours: [], peer: [] }, down: { ours: [], peer: [] } }
  for (const { pid, flows } of Object.values(sides)) {
    checkpoint(`${names.up}: warming up`)
    for (const direction of DIRECTIONS) await measureTcp(pid, flows, direction, WARM_UP_SECONDS)
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const direction of DIRECTIONS) {
      for (const name of ['ours', 'peer'] as const) {
        const { pid, flows } = sides[name]
        const sample = await measureTcp(pid, flows, direction, RUN_SECONDS)
        samples[direction][name].push(sample)
        checkpoint(`${names[direction]}, round ${String(round)} of ${String(ROUNDS)}, ${name}: ${describe(sample)}`)
      }
    }
  }
  return samples
}

async function stockClients({ lane, server }: Contender, count: number): Promise<Connected> {
  await using parts = new AsyncDisposableStack()
  const flows: FlowEnd[] = []
  for (const [index, namespace] of [lane.client, lane.secondClient].slice(0, count).entries()) {
    parts.use(await connectStockClient(namespace, await server.enrol(`throughput-${String(count)}-${String(index)}`)))
    flows.push({ namespace, port: IPERF_PORTS[index] ?? IPERF_PORTS[0] })
  }
  const owned = parts.move()
  return { flows, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

async function offloadClient({ lane, server }: Contender): Promise<Connected> {
  const options = { clients: 1, ratePerSecond: 1, timeoutMs: 60_000 }
  const clients = await connectLoadClients(lane, await server.devicesFor(1), options)
  const flows = clients.addresses.map((address) => ({ namespace: lane.client, address, port: IPERF_PORTS[0] }))
  return { flows, [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose]() }
}

function describe({ cpuSecondsPerGb, megabitsPerSecond }: TcpSample): string {
  return `${cpuSecondsPerGb.toFixed(2)} CPU s per GB at ${megabitsPerSecond.toFixed(0)} Mbit/s`
}

function summarise(name: string, { ours, peer }: Samples[Direction], conditions: string): BenchResult {
  const cost = ({ cpuSecondsPerGb }: TcpSample): number => cpuSecondsPerGb
  return compare({
    name,
    unit: 'CPU s per GB',
    ours: ours.map(cost),
    peer: peer.map(cost),
    conditions: `ours ${traffic(ours)}; peer ${traffic(peer)}; ${conditions}`,
  })
}

function traffic(samples: readonly TcpSample[]): string {
  const speed = median(samples.map(({ megabitsPerSecond }) => megabitsPerSecond)).toFixed(0)
  const retransmits = median(samples.map((sample) => sample.retransmits)).toFixed(0)
  return `${speed} Mbit/s, ${retransmits} retransmits, inner MSS ${String(samples[0]?.mss)} B`
}

async function describeConditions(): Promise<string> {
  const limit = (await readFile('/proc/sys/net/core/rmem_max', 'utf8')).trim()
  return [
    'utime+stime of the whole server process',
    `${String(RUN_SECONDS)} s of iperf3 TCP`,
    'AES-256-GCM',
    `stock clients and peer ask for socket buffers of ${String(SOCKET_BUFFER_BYTES)} B (rmem_max ${limit})`,
    `txqueuelen ${String(TRANSMIT_QUEUE_PACKETS)}`,
    'veth MTU 1500, tun-mtu 1500, GRO and other offloads as the kernel sets them for veth',
    'both behind the same forwarding, NAT and firewall rules',
  ].join('; ')
}
