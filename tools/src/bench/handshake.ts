import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { SallyportError } from '@sallyport/foundation'

import type { Benchmark, Contender } from './benchmark.ts'
import { cpuSeconds } from './cpu-time.ts'
import { compare, median } from './report.ts'
import { type Device, fileIn } from './server.ts'

const ROUNDS = 5
const WARM_UP_CONNECTIONS = 240
const CONNECTIONS_PER_ROUND = 240
/** Clients at a time, each with a device of its own. */
const DEVICES = 24
const CONNECT_TIMEOUT_MS = 30_000
/** `openvpn` as the server keeps a client that says goodbye for five seconds more. */
const GOODBYE_MS = 6_000

/** A client that has no device: what it does beyond the protocol is not the matter here. */
const CLIENT_OPTIONS = ['--dev', 'null', '--ifconfig-noexec', '--route-noexec', '--verb', '1']

class HandshakeError extends SallyportError {}

/** One run of many connections. */
interface Sample {
  readonly cpuMsPerConnection: number
  readonly perSecond: number
}

/**
 * What a connection costs the server's process from the client's first packet to its leaving: handshake, password,
 * PUSH_REPLY, data keys, goodbye. Every one is a fresh process of the stock client.
 */
export const handshakeBenchmark: Benchmark = {
  names: ['handshake'],
  async run({ ours, peer, checkpoint }) {
    await using parts = new AsyncDisposableStack()
    const directory = await mkdtemp(join(tmpdir(), 'sallyport-bench-handshake-'))
    parts.defer(() => rm(directory, { recursive: true, force: true }))
    const contenders = { ours: await enrolled(ours, directory, 'ours'), peer: await enrolled(peer, directory, 'peer') }
    for (const name of ['ours', 'peer'] as const) {
      checkpoint(`handshake, warming up, ${name}`)
      await connectMany(contenders[name], WARM_UP_CONNECTIONS)
    }
    const samples: Record<'ours' | 'peer', Sample[]> = { ours: [], peer: [] }
    for (let round = 1; round <= ROUNDS; round++) {
      for (const name of ['ours', 'peer'] as const) {
        const sample = await measure(contenders[name])
        samples[name].push(sample)
        checkpoint(`handshake, round ${String(round)} of ${String(ROUNDS)}, ${name}: ${describe(sample)}`)
      }
    }
    return [summarise(samples.ours, samples.peer)]
  },
}

type Enrolled = Contender & { readonly commandLines: readonly (readonly string[])[] }

async function enrolled(contender: Contender, directory: string, label: string): Promise<Enrolled> {
  const commandLines: string[][] = []
  for (let number = 1; number <= DEVICES; number++) {
    const name = `${label}-${String(number)}`
    commandLines.push(await commandLine(await contender.server.enrol(name), fileIn(directory), name))
  }
  return { ...contender, commandLines }
}

async function commandLine(device: Device, file: (name: string) => string, name: string): Promise<string[]> {
  const [profile, credentials] = [file(`${name}.ovpn`), file(`${name}.credentials`)]
  await writeFile(profile, device.profile, { mode: 0o600 })
  await writeFile(credentials, `${device.username}\n${device.password}\n`, { mode: 0o600 })
  return ['--config', profile, '--auth-user-pass', credentials, ...CLIENT_OPTIONS]
}

async function measure(contender: Enrolled): Promise<Sample> {
  const before = await cpuSeconds(contender.server.pid)
  const startedMs = performance.now()
  await connectMany(contender, CONNECTIONS_PER_ROUND)
  const seconds = (performance.now() - startedMs) / 1000
  await delay(GOODBYE_MS)
  const used = (await cpuSeconds(contender.server.pid)) - before
  return { cpuMsPerConnection: (used * 1000) / CONNECTIONS_PER_ROUND, perSecond: CONNECTIONS_PER_ROUND / seconds }
}

/** Spreads connections over the devices; each device makes one after the other. */
async function connectMany({ lane, commandLines }: Enrolled, connections: number): Promise<void> {
  let left = connections
  await Promise.all(
    commandLines.map(async (args) => {
      while (left-- > 0) {
        await using client = lane.client.spawn('openvpn', ...args)
        await client.waitForLine(/Initialization Sequence Completed/, CONNECT_TIMEOUT_MS)
        const outcome = await client.stop()
        if (outcome !== 'exit code 0') {
          throw new HandshakeError('client-failed', `a client ended with ${outcome}:\n${client.tail()}`)
        }
      }
    }),
  )
}

function describe({ cpuMsPerConnection, perSecond }: Sample): string {
  return `${cpuMsPerConnection.toFixed(2)} CPU ms per connection at ${perSecond.toFixed(0)} per second`
}

function summarise(ours: readonly Sample[], peer: readonly Sample[]): ReturnType<typeof compare> {
  const speed = (samples: readonly Sample[]): string => median(samples.map(({ perSecond }) => perSecond)).toFixed(0)
  return compare({
    name: 'handshake',
    unit: 'CPU ms per connection',
    ours: ours.map(({ cpuMsPerConnection }) => cpuMsPerConnection),
    peer: peer.map(({ cpuMsPerConnection }) => cpuMsPerConnection),
    conditions: [
      `ours at ${speed(ours)}, peer at ${speed(peer)} connections per second`,
      'utime+stime of the whole server process from the first reset to the last goodbye',
      `${String(CONNECTIONS_PER_ROUND)} connections a round, each by a fresh stock openvpn with --dev null, ${String(DEVICES)} at a time`,
      'tls-crypt-v2, TLS 1.3 with P-256 certificates on both sides, username and password, AES-256-GCM',
      'passwords checked by argon2id in another process: peer over its management interface (no script, no plugin), ours by auth-service, addresses by ip-allocator',
    ].join('; '),
  })
}
