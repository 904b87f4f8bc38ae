import { setTimeout as delay } from 'node:timers/promises'

import type { Benchmark, Contender } from './benchmark.ts'
import { SERVER_ADDRESS, TARGET_ADDRESS } from './lane.ts'
import { compare, quantile } from './report.ts'
import { connectStockClient } from './stock-client.ts'

const ROUNDS = 24
const PINGS = 150
const INTERVAL_SECONDS = 0.02
const QUANTILES = [
  { name: 'idle-rtt', label: 'p50', share: 0.5 },
  { name: 'idle-rtt-p99', label: 'p99', share: 0.99 },
] as const

type Side = 'ours' | 'peer'

/**
 * What the tunnel adds to the round trip of a ping when nothing else is sent. Both lanes are pinged in the same seconds,
 * for how long a virtual processor takes to wake up changes from second to second by more than what is compared; but one
 * of them half an interval after the other, in turns, for pings that meet wait for each other.
 */
export const idleLatencyBenchmark: Benchmark = {
  names: QUANTILES.map(({ name }) => name),
  async run({ ours, peer, checkpoint }) {
    await using _ours = await connectStockClient(ours.lane.client, await ours.server.enrol('idle-latency'))
    await using _peer = await connectStockClient(peer.lane.client, await peer.server.enrol('idle-latency'))
    const added: Record<Side, number[]> = { ours: [], peer: [] }
    for (let round = 1; round <= ROUNDS; round++) {
      const order = round % 2 === 1 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
      const outside = await pingBoth({ ours, peer }, order, SERVER_ADDRESS)
      const inside = await pingBoth({ ours, peer }, order, TARGET_ADDRESS)
      for (const name of ['ours', 'peer'] as const) {
        const bareMs = quantile(outside[name], 0.5)
        const sample = inside[name].map((roundTripMs) => (roundTripMs - bareMs) * 1000)
        added[name].push(...sample)
        checkpoint(`idle-rtt, round ${String(round)}, ${name}: ${quantile(sample, 0.5).toFixed(0)} µs added`)
      }
    }
    return QUANTILES.map(({ name, label, share }) => {
      const conditions = `${label} of all pings in ${String(ROUNDS)} rounds of ${String(PINGS)} through the tunnel, one every ${String(INTERVAL_SECONDS * 1000)} ms, less the median of as many in the same round to the server's outer address; one stock openvpn client; the two lanes half an interval apart`
      const [oursUs, peerUs] = [quantile(added.ours, share), quantile(added.peer, share)]
      return compare({ name, unit: 'µs', ours: [oursUs], peer: [peerUs], conditions })
    })
  },
}

/** Pings an address in both lanes: in the second always in the middle between two pings of the first. */
async function pingBoth(
  contenders: Readonly<Record<Side, Contender>>,
  [first, second]: readonly [Side, Side],
  address: string,
): Promise<Record<Side, number[]>> {
  const later = async (): Promise<number[]> => {
    await delay((INTERVAL_SECONDS * 1000) / 2)
    return await pings(contenders[second], address)
  }
  const [early, late] = await Promise.all([pings(contenders[first], address), later()])
  return first === 'ours' ? { ours: early, peer: late } : { ours: late, peer: early }
}

/** Round trips in milliseconds. */
async function pings({ lane }: Contender, address: string): Promise<number[]> {
  const output = await lane.client.exec('ping', '-i', String(INTERVAL_SECONDS), '-c', String(PINGS), address)
  return [...output.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time))
}
