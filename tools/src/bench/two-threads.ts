import type { Benchmark, Contender } from './benchmark.ts'
import { IPERF_PORTS, withLane } from './lane.ts'
import { connectLoadClients } from './load-client.ts'
import { startOurs } from './our-server.ts'
import { type BenchResult, compare } from './report.ts'
import { type Direction, DIRECTIONS, type FlowEnd, measureTcp } from './tcp-run.ts'

const ROUNDS = 4
const RUN_SECONDS = 6
const WARM_UP_SECONDS = 2

/** What bytes cost on two data threads against one, with two active clients that offload. */
export const twoThreadsBenchmark: Benchmark = {
  names: ['two-threads'],
  async run({ ours, checkpoint }) {
    checkpoint('two-threads: starting a second Sallyport')
    return await withLane('bench-t', async (lane) => {
      await using server = await startOurs(lane, checkpoint, { NODE_DATA_THREADS: '2' })
      const contenders = { one: ours, two: { lane, server } }
      await using one = await twoClients(contenders.one)
      await using two = await twoClients(contenders.two)
      const flows = { one: one.flows, two: two.flows }
      const costs: Record<'one' | 'two', number[]> = { one: [], two: [] }
      const speeds: Record<'one' | 'two', number[]> = { one: [], two: [] }
      for (let round = 0; round <= ROUNDS; round++) {
        for (const name of ['one', 'two'] as const) {
          let cost = 0
          for (const direction of DIRECTIONS) {
            const seconds = round === 0 ? WARM_UP_SECONDS : RUN_SECONDS
            const sample = await measureTcp(contenders[name].server.pid, flows[name], direction, seconds)
            checkpoint(label(round, name, direction, sample.cpuSecondsPerGb, sample.megabitsPerSecond))
            cost += sample.cpuSecondsPerGb / DIRECTIONS.length
            if (round > 0) speeds[name].push(sample.megabitsPerSecond)
          }
          if (round > 0) costs[name].push(cost)
        }
      }
      return [summarise(costs, speeds)]
    })
  },
}

function label(round: number, name: string, direction: Direction, cost: number, speed: number): string {
  return `two-threads, round ${String(round)}, ${name}, ${direction}: ${cost.toFixed(2)} CPU s per GB at ${speed.toFixed(0)} Mbit/s`
}

async function twoClients({ lane, server }: Contender): Promise<AsyncDisposable & { flows: readonly FlowEnd[] }> {
  const options = { clients: 2, ratePerSecond: 2, timeoutMs: 60_000 }
  const clients = await connectLoadClients(lane, await server.devicesFor(2), options)
  const flows = clients.addresses.map((address, index) => ({
    namespace: lane.client,
    address,
    port: IPERF_PORTS[index] ?? IPERF_PORTS[0],
  }))
  return { flows, [Symbol.asyncDispose]: () => clients[Symbol.asyncDispose]() }
}

function summarise(costs: Record<'one' | 'two', number[]>, speeds: Record<'one' | 'two', number[]>): BenchResult {
  const fastest = (values: readonly number[]): string => Math.max(...values).toFixed(0)
  return compare({
    name: 'two-threads',
    unit: 'GB per CPU s',
    ours: costs.two.map((cost) => 1 / cost),
    peer: costs.one.map((cost) => 1 / cost),
    conditions: [
      'more is better; "peer" is the same server with one data thread',
      'two clients of apps/load with a TCP flow each, mean of both directions',
      `fastest run ${fastest(speeds.two)} Mbit/s with two threads, ${fastest(speeds.one)} with one`,
      'clients, target and both servers share the cores of this machine: on two cores no gain in speed can be shown',
    ].join('; '),
  })
}
