import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { SallyportError } from '@sallyport/foundation'

import { aesDistanceBenchmark } from './bench/aes-distance.ts'
import { AUTH_ROWS, measureAuth } from './bench/auth.ts'
import type { Benchmark, BenchScene } from './bench/benchmark.ts'
import { chart } from './bench/chart.ts'
import { handshakeBenchmark } from './bench/handshake.ts'
import { idleLatencyBenchmark } from './bench/idle-latency.ts'
import { buildLane, type Lane } from './bench/lane.ts'
import { manyPeersBenchmark } from './bench/many-peers.ts'
import { startOurs } from './bench/our-server.ts'
import { startPeer } from './bench/peer-server.ts'
import { type BenchResult, table } from './bench/report.ts'
import { smallPacketsBenchmark } from './bench/small-packets.ts'
import { connectStockClient } from './bench/stock-client.ts'
import { throughputBenchmarks } from './bench/throughput.ts'
import { twoThreadsBenchmark } from './bench/two-threads.ts'
import { interruption, progressPrinter, runCommand } from './command.ts'

const BENCHMARKS = [
  ...throughputBenchmarks,
  smallPacketsBenchmark,
  idleLatencyBenchmark,
  aesDistanceBenchmark,
  twoThreadsBenchmark,
  handshakeBenchmark,
  manyPeersBenchmark,
]
const NAMES = [...BENCHMARKS.flatMap(({ names }) => names), ...AUTH_ROWS]
/** As many addresses as the pool of the benchmark has. */
const MAX_CROWD = 60_000
const CHART_TITLE = 'CPU seconds of the server process per GB of TCP payload (less is better)'
const USAGE = `usage: npm run bench [-- [--json FILE] [--chart FILE] [--peers N] [NAME…]]; names: ${NAMES.join(', ')}, or what several begin with (default: all)`

interface Arguments {
  readonly jsonFile: string | undefined
  /** For an SVG of the rows about stock clients. */
  readonly chartFile: string | undefined
  /** Clients at once in the rows about many of them. */
  readonly crowd: number
  readonly names: readonly string[]
}

class BenchUsageError extends SallyportError {}

await runCommand(async () => {
  const options = readArguments()
  const signal = interruption()
  const progress = progressPrinter()
  try {
    await bench(options, signal, progress)
  } catch (error) {
    if (!signal.aborted) throw error
    progress('stopped')
    process.exitCode = 130
  }
})

async function bench(options: Arguments, signal: AbortSignal, progress: (message: string) => void): Promise<void> {
  const { jsonFile, chartFile, names } = options
  const checkpoint = (message: string): void => {
    signal.throwIfAborted()
    progress(message)
  }
  const results: BenchResult[] = []
  if (BENCHMARKS.some((benchmark) => benchmark.names.some((name) => names.includes(name)))) {
    results.push(...(await benchServers(options, checkpoint)))
  }
  if (AUTH_ROWS.some((name) => names.includes(name))) {
    results.push(...(await measureAuth(checkpoint)).filter(({ name }) => names.includes(name)))
  }
  process.stdout.write(`\n${table(results)}`)
  if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(results, undefined, 2)}\n`)
  if (chartFile !== undefined) await writeFile(chartFile, chart(results.filter(isCharted), CHART_TITLE))
}

/** Measures both VPN servers side by side. */
async function benchServers(
  { crowd, names }: Arguments,
  checkpoint: (message: string) => void,
): Promise<BenchResult[]> {
  await using oursLane = await buildLane('bench-o')
  await using peerLane = await buildLane('bench-p')
  checkpoint('starting Sallyport')
  await using ours = await startOurs(oursLane, checkpoint, { NODE_DATA_THREADS: '1' })
  // The node has no tunnel, and so no firewall, before its first client.
  await (await connectStockClient(oursLane.client, await ours.enrol('first')))[Symbol.asyncDispose]()
  checkpoint('starting the openvpn server')
  const { rules, interfaceName } = await firewallOf(oursLane)
  await using peer = await startPeer(peerLane, rules, interfaceName)
  const scene = { ours: { lane: oursLane, server: ours }, peer: { lane: peerLane, server: peer }, crowd, checkpoint }
  return await measureAll(scene, names)
}

async function measureAll(scene: BenchScene, names: readonly string[]): Promise<BenchResult[]> {
  const wanted = ({ name }: { readonly name: string }): boolean => names.includes(name)
  const results: BenchResult[] = []
  for (const benchmark of BENCHMARKS.filter((candidate: Benchmark) =>
    candidate.names.some((name) => wanted({ name })),
  )) {
    results.push(...(await benchmark.run(scene)).filter(wanted))
  }
  return results
}

/** The firewall of our lane, to be put in front of the other server too. */
async function firewallOf({ server }: Lane): Promise<{ rules: string; interfaceName: string }> {
  const rules = await server.exec('nft', 'list', 'ruleset')
  const interfaceName = /table inet sallyport_(\S+) /.exec(rules)?.[1]
  if (interfaceName === undefined) throw new SallyportError('no-firewall', 'the node has no firewall table')
  return { rules, interfaceName }
}

function isCharted({ name }: BenchResult): boolean {
  return name.startsWith('stock-')
}

function readArguments(): Arguments {
  try {
    const { values, positionals } = parseArgs({
      options: { json: { type: 'string' }, chart: { type: 'string' }, peers: { type: 'string', default: '10000' } },
      allowPositionals: true,
    })
    const asked = positionals.map((name) => NAMES.filter((known) => known === name || known.startsWith(`${name}-`)))
    if (asked.some(({ length }) => length === 0)) throw new RangeError('no such benchmark')
    const crowd = Number(values.peers)
    if (!Number.isInteger(crowd) || crowd < 1 || crowd > MAX_CROWD) throw new RangeError('not a number of peers')
    return {
      crowd,
      jsonFile: values.json,
      chartFile: values.chart,
      names: asked.length === 0 ? NAMES : asked.flat(),
    }
  } catch (error) {
    throw new BenchUsageError('usage', USAGE, { cause: error })
  }
}
