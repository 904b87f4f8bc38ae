import type { Benchmark, Contender } from './benchmark.ts'
import { cpuSeconds } from './cpu-time.ts'
import { TARGET_ADDRESS } from './lane.ts'
import { type BenchResult, compare } from './report.ts'
import { connectStockClient } from './stock-client.ts'
import { udpDatagrams } from './udp-counters.ts'

const ROUNDS = 4
const RUN_SECONDS = 5
const PAYLOAD_BYTES = 64
const DIRECTIONS = ['up', 'down'] as const
type Direction = (typeof DIRECTIONS)[number]
const NAMES: Readonly<Record<Direction, string>> = { up: 'small-up', down: 'small-down' }

/** Packets of 64 bytes of UDP payload per CPU second of the server's process, with one stock client. */
export const smallPacketsBenchmark: Benchmark = {
  names: DIRECTIONS.map((direction) => NAMES[direction]),
  async run({ ours, peer, checkpoint }) {
    await using _ours = await connectStockClient(ours.lane.client, await ours.server.enrol('small-packets'))
    await using _peer = await connectStockClient(peer.lane.client, await peer.server.enrol('small-packets'))
    const results: BenchResult[] = []
    for (const direction of DIRECTIONS) {
      const samples: Record<'ours' | 'peer', number[]> = { ours: [], peer: [] }
      for (let round = 0; round <= ROUNDS; round++) {
        for (const name of ['ours', 'peer'] as const) {
          const perCpuSecond = await measure(name === 'ours' ? ours : peer, direction)
          // The first of each is for warming up.
          if (round > 0) samples[name].push(perCpuSecond / 1000)
          checkpoint(
            `${NAMES[direction]}, round ${String(round)}, ${name}: ${(perCpuSecond / 1000).toFixed(0)} k/CPU s`,
          )
        }
      }
      results.push(summarise(direction, samples))
    }
    return results
  },
}

/** Sends as much as iperf3 can, and counts what leaves the server: the sending host and the client may lose some. */
async function measure({ lane, server }: Contender, direction: Direction): Promise<number> {
  const receiver = direction === 'up' ? lane.target : lane.client
  const packetsBefore = await udpDatagrams(receiver)
  const before = await cpuSeconds(server.pid)
  const load = ['--udp', '--bitrate', '0', '--length', String(PAYLOAD_BYTES)]
  const args = ['--client', TARGET_ADDRESS, '--time', String(RUN_SECONDS), ...load, '--json']
  // With so much loss iperf3 itself may not hear of the end; what counts is counted by the kernel.
  await lane.client.try('timeout', '30', 'iperf3', ...args, ...(direction === 'down' ? ['--reverse'] : []))
  const used = (await cpuSeconds(server.pid)) - before
  return ((await udpDatagrams(receiver)) - packetsBefore) / used
}

function summarise(direction: Direction, { ours, peer }: Record<'ours' | 'peer', number[]>): BenchResult {
  return compare({
    name: NAMES[direction],
    unit: '1000 packets per CPU s',
    ours,
    peer,
    conditions: [
      `more is better; utime+stime of the whole server process over ${String(RUN_SECONDS)} s of iperf3 --udp --bitrate 0 --length ${String(PAYLOAD_BYTES)}, one stock openvpn client`,
      direction === 'up'
        ? 'packets counted where they arrive behind the server'
        : 'packets counted where they arrive at the client, before its socket buffer',
    ].join('; '),
  })
}
