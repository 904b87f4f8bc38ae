import { readFile } from 'node:fs/promises'

import { fieldOf } from '@sallyport/local-services'

import type { Benchmark, Contender } from './benchmark.ts'
import { cpuSeconds } from './cpu-time.ts'
import { TARGET_ADDRESS } from './lane.ts'
import { type BenchResult, compare, median } from './report.ts'
import { SOCKET_BUFFER_BYTES, TRANSMIT_QUEUE_PACKETS } from './server.ts'
import { connectStockClient } from './stock-client.ts'

const ROUNDS = 4
const RUN_SECONDS = 7
const WARM_UP_SECONDS = 2
const DIRECTIONS = ['up', 'down'] as const

/** `up` is from the client to the private host. */
type Direction = (typeof DIRECTIONS)[number]

/** Names of the measurements: one stock client, one direction. */
const NAMES: Readonly<Record<Direction, string>> = { up: 'stock-up-1', down: 'stock-down-1' }

/** One iperf3 run: what it carried and what the server's process paid for it. */
interface Sample {
  /** utime + stime of the whole process per 10⁹ bytes of inner TCP payload that arrived. */
  readonly cpuSecondsPerGb: number
  readonly megabitsPerSecond: number
  /** Segment size of the inner TCP connection, bytes. */
  readonly mss: number
  readonly retransmits: number
}

type Samples = Record<Direction, { ours: Sample[]; peer: Sample[] }>

/** What a server's process pays for the data of one stock client, in each direction. */
export const throughputBenchmark: Benchmark = {
  names: DIRECTIONS.map((direction) => NAMES[direction]),
  async run({ ours, peer, checkpoint }) {
    await using _ours = await connectStockClient(ours.lane, await ours.server.enrol('throughput'))
    await using _peer = await connectStockClient(peer.lane, await peer.server.enrol('throughput'))
    const samples: Samples = { up: { ours: [], peer: [] }, down: { ours: [], peer: [] } }
    for (const contender of [ours, peer]) {
      checkpoint('warming up')
      for (const direction of DIRECTIONS) await measure(contender, direction, WARM_UP_SECONDS)
    }
    for (let round = 1; round <= ROUNDS; round++) {
      for (const direction of DIRECTIONS) {
        for (const name of ['ours', 'peer'] as const) {
          const sample = await measure(name === 'ours' ? ours : peer, direction, RUN_SECONDS)
          samples[direction][name].push(sample)
          checkpoint(`round ${String(round)} of ${String(ROUNDS)}, ${direction}, ${name}: ${describe(sample)}`)
        }
      }
    }
    const conditions = await describeConditions()
    return DIRECTIONS.map((direction) => summarise(direction, samples[direction], conditions))
  },
}

/** Runs one TCP flow through the tunnel for some seconds and reads the server's CPU time before and after. */
async function measure({ lane, server }: Contender, direction: Direction, seconds: number): Promise<Sample> {
  const args = ['--client', TARGET_ADDRESS, '--time', String(seconds), '--json']
  const before = await cpuSeconds(server.pid)
  const output = await lane.client.exec('iperf3', ...args, ...(direction === 'down' ? ['--reverse'] : []))
  const used = (await cpuSeconds(server.pid)) - before
  const report: unknown = JSON.parse(output)
  const received = fieldOf(fieldOf(report, 'end'), 'sum_received')
  const bytes = numberField(received, 'bytes')
  return {
    cpuSecondsPerGb: used / (bytes / 1e9),
    megabitsPerSecond: numberField(received, 'bits_per_second') / 1e6,
    mss: numberField(fieldOf(report, 'start'), 'tcp_mss_default'),
    retransmits: numberField(fieldOf(fieldOf(report, 'end'), 'sum_sent'), 'retransmits'),
  }
}

function numberField(value: unknown, name: string): number {
  const found = fieldOf(value, name)
  if (typeof found !== 'number') throw new TypeError(`iperf3 gave no "${name}"`)
  return found
}

function describe({ cpuSecondsPerGb, megabitsPerSecond }: Sample): string {
  return `${cpuSecondsPerGb.toFixed(2)} CPU s per GB at ${megabitsPerSecond.toFixed(0)} Mbit/s`
}

function summarise(direction: Direction, { ours, peer }: Samples[Direction], conditions: string): BenchResult {
  const cost = ({ cpuSecondsPerGb }: Sample): number => cpuSecondsPerGb
  return compare({
    name: NAMES[direction],
    unit: 'CPU s per GB',
    ours: ours.map(cost),
    peer: peer.map(cost),
    conditions: `ours ${traffic(ours)}; peer ${traffic(peer)}; ${conditions}`,
  })
}

function traffic(samples: readonly Sample[]): string {
  const speed = median(samples.map(({ megabitsPerSecond }) => megabitsPerSecond)).toFixed(0)
  const retransmits = median(samples.map((sample) => sample.retransmits)).toFixed(0)
  return `${speed} Mbit/s, ${retransmits} retransmits, inner MSS ${String(samples[0]?.mss)} B`
}

async function describeConditions(): Promise<string> {
  const limit = (await readFile('/proc/sys/net/core/rmem_max', 'utf8')).trim()
  return [
    `utime+stime of the whole server process`,
    `${String(RUN_SECONDS)} s of one iperf3 TCP flow`,
    `one stock openvpn client, AES-256-GCM`,
    `client and peer ask for socket buffers of ${String(SOCKET_BUFFER_BYTES)} B (rmem_max ${limit})`,
    `txqueuelen ${String(TRANSMIT_QUEUE_PACKETS)}`,
    'veth MTU 1500, tun-mtu 1500, GRO and other offloads as the kernel sets them for veth',
    'both behind the same forwarding, NAT and firewall rules',
  ].join('; ')
}
