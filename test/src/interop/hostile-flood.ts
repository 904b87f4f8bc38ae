import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { fieldOf } from '@sallyport/local-services'
import { type Namespace, SeededRandom } from '@sallyport/testkit'

import { hostileDatagram, type HostileMaterial, serialiseHostileDatagrams } from './hostile-datagrams.ts'
import { runInside } from './hostile-program.ts'
import type { World } from './world.ts'

const SENDER = fileURLToPath(new URL('hostile-sender.cc', import.meta.url))
const STREAMS = fileURLToPath(new URL('hostile-streams.ts', import.meta.url))

/** How much to send. */
export interface FloodOptions {
  readonly count: number
  readonly perSecond: number
  readonly seed: number
}

/** A host of many addresses (a /16 of 100.64.0.0/10, RFC 6598) that wishes the node ill. */
export class HostileHost {
  readonly #namespace: Namespace
  readonly #network: string
  readonly #node: { readonly host: string; readonly port: number }
  readonly #sender: string
  readonly #patterns: string

  private constructor(namespace: Namespace, network: string, world: World) {
    this.#namespace = namespace
    this.#network = network
    this.#node = world.stack.addresses.node
    this.#sender = join(world.dataDirectory, 'hostile-sender')
    this.#patterns = join(world.dataDirectory, 'hostile-datagrams')
  }

  /** Makes the host, gives it its addresses, and builds the program that sends. */
  static async create(world: World): Promise<HostileHost> {
    const namespace = await world.addHost('attacker')
    const network = `100.${String(randomInt(64, 128))}.0.0`
    const [, address = ''] = /inet (\S+)\/30/.exec(await namespace.exec('ip', '-4', 'address', 'show', 'eth0')) ?? []
    // Goes with the link to the host.
    await run('ip', 'route', 'add', `${network}/16`, 'via', address)
    await namespace.exec('ip', 'route', 'add', 'local', `${network}/16`, 'dev', 'lo')
    const host = new HostileHost(namespace, network, world)
    await run('c++', '-O2', '-std=c++20', '-o', host.#sender, SENDER)
    return host
  }

  /** Makes the datagrams that are sent from now on. */
  async prepare(material: HostileMaterial, kinds: { readonly count: number; readonly seed: number }): Promise<void> {
    const random = new SeededRandom(kinds.seed)
    const datagrams = Array.from({ length: kinds.count }, () => hostileDatagram(random, material))
    await writeFile(this.#patterns, serialiseHostileDatagrams(datagrams))
  }

  /** Sends datagrams at a steady rate; gives how many left. */
  async flood(
    { count, perSecond, seed }: FloodOptions,
    signal: AbortSignal,
  ): Promise<{ sent: number; seconds: number }> {
    const { host, port } = this.#node
    const target = [this.#patterns, host, String(port), this.#network]
    const numbers = [count, perSecond, seed].map(String)
    const output = await runInside(this.#namespace, signal, this.#sender, ...target, ...numbers)
    const report: unknown = JSON.parse(output)
    return { sent: Number(fieldOf(report, 'sent')), seconds: Number(fieldOf(report, 'seconds')) }
  }

  /** Opens TCP connections for a while and does with them what no client does; gives how many there were. */
  async harass(
    node: { readonly host: string; readonly port: number },
    options: { readonly seconds: number; readonly perSecond: number },
    signal: AbortSignal,
  ): Promise<number> {
    const numbers = [node.port, options.seconds, options.perSecond].map(String)
    const program = ['--conditions=@sallyport/source', STREAMS, node.host, this.#network, ...numbers]
    const output = await runInside(this.#namespace, signal, process.execPath, ...program)
    return Number(fieldOf(JSON.parse(output), 'connected'))
  }
}

/** The UDP address of the only client in a namespace. */
export async function clientAddress(host: Namespace): Promise<{ address: string; port: number }> {
  const [, address = ''] = /inet (\S+)\/30/.exec(await host.exec('ip', '-4', 'address', 'show', 'eth0')) ?? []
  const [, port = ''] = /:(\d+)\s/.exec(await host.exec('ss', '-Huan')) ?? []
  return { address, port: Number(port) }
}

async function run(file: string, ...args: string[]): Promise<void> {
  await promisify(execFile)(file, args)
}
