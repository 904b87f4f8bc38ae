import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

import { SallyportError } from '@sallyport/foundation'
import { fieldOf } from '@sallyport/local-services'

import { CHECKOUT } from '../command.ts'
import type { Benchmark, BenchScene } from './benchmark.ts'
import { IPERF_PORTS } from './lane.ts'
import { connectLoadClients } from './load-client.ts'
import { type BenchResult, compare } from './report.ts'
import { type Direction, DIRECTIONS, measureTcp } from './tcp-run.ts'

const ROUNDS = 4
const RUN_SECONDS = 5
/** An inner packet of the load client's TCP. */
const PACKET_BYTES = 1440
const NAMES: Readonly<Record<Direction, string>> = { up: 'aes-distance-up', down: 'aes-distance' }
const NATIVE = join(CHECKOUT, 'libs/packet-engine/native')

class CipherBenchError extends SallyportError {}

/** What our server pays for a byte over what AES-256-GCM alone costs for it on this core. */
export const aesDistanceBenchmark: Benchmark = {
  names: DIRECTIONS.map((direction) => NAMES[direction]),
  async run(scene) {
    await promisify(execFile)('make', ['-s', '-C', NATIVE, 'build/cipher_bench'])
    const costs: Record<Direction, number[]> = { up: [], down: [] }
    const aes: Record<Direction, number[]> = { up: [], down: [] }
    await measureRounds(scene, costs, aes)
    return DIRECTIONS.map((direction) => summarise(direction, costs[direction], aes[direction]))
  },
}

async function measureRounds(
  { ours, checkpoint }: BenchScene,
  costs: Record<Direction, number[]>,
  aes: Record<Direction, number[]>,
): Promise<void> {
  const options = { clients: 1, ratePerSecond: 1, timeoutMs: 60_000 }
  await using clients = await connectLoadClients(ours.lane, await ours.server.devicesFor(1), options)
  const flows = clients.addresses.map((address) => ({ namespace: ours.lane.client, address, port: IPERF_PORTS[0] }))
  for (let round = 0; round <= ROUNDS; round++) {
    for (const direction of DIRECTIONS) {
      const { cpuSecondsPerGb } = await measureTcp(ours.server.pid, flows, direction, RUN_SECONDS)
      const cipher = await cipherSecondsPerGb(direction)
      checkpoint(
        `${NAMES[direction]}, round ${String(round)}: ${cpuSecondsPerGb.toFixed(2)} CPU s per GB, cipher ${cipher.toFixed(3)}`,
      )
      // The first of each is for warming up.
      if (round === 0) continue
      costs[direction].push(cpuSecondsPerGb)
      aes[direction].push(cipher)
    }
  }
}

/** The bare cipher of OpenSSL over packets of the same length; up is opening, down is sealing. */
async function cipherSecondsPerGb(direction: Direction): Promise<number> {
  const args = ['--json', '--rounds', '50', String(PACKET_BYTES)]
  const { stdout } = await promisify(execFile)(join(NATIVE, 'build/cipher_bench'), args)
  const rows: unknown = JSON.parse(stdout)
  if (!Array.isArray(rows)) throw new CipherBenchError('bad-output', 'the cipher benchmark gave no list')
  const row: unknown = rows.find(
    (candidate: unknown) =>
      fieldOf(candidate, 'library') === 'openssl' &&
      fieldOf(candidate, 'cipher') === 'AES-256-GCM' &&
      fieldOf(candidate, 'layer') === 'cipher',
  )
  const found = fieldOf(row, direction === 'up' ? 'openSecondsPerGigabyte' : 'sealSecondsPerGigabyte')
  if (typeof found !== 'number') throw new CipherBenchError('bad-output', 'the cipher benchmark has no such row')
  return found
}

function summarise(direction: Direction, costs: readonly number[], aes: readonly number[]): BenchResult {
  return compare({
    name: NAMES[direction],
    unit: 'CPU s per GB',
    ours: costs,
    peer: aes,
    conditions: [
      `offload-${direction} of our server; "peer" is AES-256-GCM by the same node's OpenSSL over packets of ${String(PACKET_BYTES)} bytes, alone on a core`,
      'kernel copies, two devices and TCP are in the first and not in the second',
    ].join('; '),
  })
}
