import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { SallyportError } from '@sallyport/foundation'

import { buildLane, type Lane } from './bench/lane.ts'
import { type Direction, measure, type Sample } from './bench/measure.ts'
import { summarise, table } from './bench/report.ts'
import { type BenchServer, SOCKET_BUFFER_BYTES, startOurs, startPeer, TRANSMIT_QUEUE_PACKETS } from './bench/servers.ts'
import { interruption, progressPrinter, runCommand } from './command.ts'

const USAGE = 'usage: npm run bench [-- --json FILE]'
const ROUNDS = 4
const RUN_SECONDS = 7
const WARM_UP_SECONDS = 2
const DIRECTIONS = ['up', 'down'] as const

class BenchUsageError extends SallyportError {}

await runCommand(async () => {
  const jsonFile = readArguments()
  const signal = interruption()
  const progress = progressPrinter()
  try {
    await bench(jsonFile, signal, progress)
  } catch (error) {
    if (!signal.aborted) throw error
    progress('stopped')
    process.exitCode = 130
  }
})

async function bench(
  jsonFile: string | undefined,
  signal: AbortSignal,
  progress: (message: string) => void,
): Promise<void> {
  const checkpoint = (message: string): void => {
    signal.throwIfAborted()
    progress(message)
  }
  await using oursLane = await buildLane('bench-o')
  await using peerLane = await buildLane('bench-p')
  checkpoint('starting Sallyport')
  await using ours = await startOurs(oursLane, checkpoint)
  checkpoint('starting the openvpn server')
  const { rules, interfaceName } = await firewallOf(oursLane)
  await using peer = await startPeer(peerLane, rules, interfaceName)
  const samples = await run({ lane: oursLane, ...ours }, { lane: peerLane, ...peer }, checkpoint)
  const conditions = await describeConditions()
  const results = DIRECTIONS.map((direction) => summarise({ direction, ...samples[direction] }, conditions))
  process.stdout.write(`\n${table(results)}`)
  if (jsonFile !== undefined) await writeFile(jsonFile, `${JSON.stringify(results, undefined, 2)}\n`)
}

type Samples = Record<Direction, { ours: Sample[]; peer: Sample[] }>
type Contender = Pick<BenchServer, 'pid'> & { readonly lane: Lane }

/** Takes turns, so that a slow minute of the machine hits both. */
async function run(ours: Contender, peer: Contender, checkpoint: (message: string) => void): Promise<Samples> {
  const samples: Samples = { up: { ours: [], peer: [] }, down: { ours: [], peer: [] } }
  for (const { lane, pid } of [ours, peer]) {
    checkpoint('warming up')
    for (const direction of DIRECTIONS) await measure(lane, pid, direction, WARM_UP_SECONDS)
  }
  for (let round = 1; round <= ROUNDS; round++) {
    for (const direction of DIRECTIONS) {
      for (const name of ['ours', 'peer'] as const) {
        const { lane, pid } = name === 'ours' ? ours : peer
        const sample = await measure(lane, pid, direction, RUN_SECONDS)
        samples[direction][name].push(sample)
        checkpoint(`round ${String(round)} of ${String(ROUNDS)}, ${direction}, ${name}: ${describe(sample)}`)
      }
    }
  }
  return samples
}

function describe({ cpuSecondsPerGb, megabitsPerSecond }: Sample): string {
  return `${cpuSecondsPerGb.toFixed(2)} CPU s per GB at ${megabitsPerSecond.toFixed(0)} Mbit/s`
}

/** The firewall of our lane, to be put in front of the other server too. */
async function firewallOf({ server }: Lane): Promise<{ rules: string; interfaceName: string }> {
  const rules = await server.exec('nft', 'list', 'ruleset')
  const interfaceName = /table inet sallyport_(\S+) /.exec(rules)?.[1]
  if (interfaceName === undefined) throw new SallyportError('no-firewall', 'the node has no firewall table')
  return { rules, interfaceName }
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

function readArguments(): string | undefined {
  try {
    return parseArgs({ options: { json: { type: 'string' } } }).values.json
  } catch (error) {
    throw new BenchUsageError('usage', USAGE, { cause: error })
  }
}
