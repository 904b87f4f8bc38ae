import type { Benchmark, Contender } from './benchmark.ts'
import { SERVER_ADDRESS, TARGET_ADDRESS } from './lane.ts'
import { type BenchResult, compare, quantile } from './report.ts'
import { connectStockClient } from './stock-client.ts'

const ROUNDS = 9
const PINGS = 300
const INTERVAL_SECONDS = 0.02
const QUANTILES = [
  { name: 'idle-rtt', label: 'p50', share: 0.5 },
  { name: 'idle-rtt-p99', label: 'p99', share: 0.99 },
] as const

/**
 * What the tunnel adds to the round trip of a ping when nothing else is sent. Both lanes are pinged at the same time,
 * far less than all of the time each: how long a virtual processor takes to wake up changes from second to second by
 * more than what is compared.
 */
export const idleLatencyBenchmark: Benchmark = {
  names: QUANTILES.map(({ name }) => name),
  async run({ ours, peer, checkpoint }) {
    await using _ours = await connectStockClient(ours.lane.client, await ours.server.enrol('idle-latency'))
    await using _peer = await connectStockClient(peer.lane.client, await peer.server.enrol('idle-latency'))
    const added: Record<'ours' | 'peer', number[][]> = { ours: [], peer: [] }
    for (let round = 1; round <= ROUNDS; round++) {
      const outside = await Promise.all([pings(ours, SERVER_ADDRESS), pings(peer, SERVER_ADDRESS)])
      const inside = await Promise.all([pings(ours, TARGET_ADDRESS), pings(peer, TARGET_ADDRESS)])
      for (const [index, name] of (['ours', 'peer'] as const).entries()) {
        const bare = quantile(outside[index] ?? [], 0.5)
        const sample = QUANTILES.map(({ share }) => (quantile(inside[index] ?? [], share) - bare) * 1000)
        added[name].push(sample)
        checkpoint(
          `idle-rtt, round ${String(round)}, ${name}: ${sample.map((value) => value.toFixed(0)).join(' / ')} µs added`,
        )
      }
    }
    return QUANTILES.map((_, index) => summarise(index, added))
  },
}

/** Round trips in milliseconds. */
async function pings({ lane }: Contender, address: string): Promise<number[]> {
  const output = await lane.client.exec('ping', '-i', String(INTERVAL_SECONDS), '-c', String(PINGS), address)
  return [...output.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time))
}

function summarise(index: number, { ours, peer }: Record<'ours' | 'peer', number[][]>): BenchResult {
  const { name, label } = QUANTILES[index] ?? QUANTILES[0]
  const column = (samples: readonly number[][]): number[] => samples.map((sample) => sample[index] ?? Number.NaN)
  return compare({
    name,
    unit: 'µs',
    ours: column(ours),
    peer: column(peer),
    conditions: `${label} of ${String(PINGS)} pings through the tunnel every ${String(INTERVAL_SECONDS * 1000)} ms, less the median of as many to the server's outer address; one stock openvpn client`,
  })
}
