import { readFile } from 'node:fs/promises'

import type { World } from './world.ts'

/** Where a packet that the engine received may end there; the session library counts what became of control packets. */
const ENGINE_FATES = [
  'tunPacketsSent',
  'controlPacketsReceived',
  'pingsReceived',
  'occIgnored',
  'dropControlQueueFull',
  'dropTooShort',
  'dropBadOpcode',
  'dropUnknownPeer',
  'dropWrongRemote',
  'dropUnknownKey',
  'dropUnknownEpoch',
  'dropBadTag',
  'dropReplayed',
  'dropCompressed',
  'dropNoSourcePort',
  'dropNotIp',
  'dropSourceAddress',
  'dropUnfair',
  'dropRateLimited',
  'dropCongestionMark',
  'dropInboxFull',
] as const

/** What the node and the kernel have counted so far. */
export class Account {
  /** By `engine …`, `first …` (first packets that were dropped), `session …`, `handshake …`, and `kernel drops`. */
  readonly #counts: ReadonlyMap<string, number>

  private constructor(counts: ReadonlyMap<string, number>) {
    this.#counts = counts
  }

  static async read({ metrics, stack }: World): Promise<Account> {
    const named = async (prefix: string, metric: string): Promise<(readonly [string, number])[]> =>
      Array.from(await metrics.reasons(metric), ([reason, count]) => [`${prefix} ${reason}`, count] as const)
    return new Account(
      new Map([
        ...(await named('engine', 'node_engine_total')),
        ...(await named('first', 'node_initial_drops_total')),
        ...(await named('session', 'node_session_drops_total')),
        ...(await named('handshake', 'node_handshakes_total')),
        ['kernel drops', await receiveQueueDrops(stack.addresses.node.port)],
      ]),
    )
  }

  /** Packets that the engine received and whose fate none of its counters tells. */
  get unexplained(): number {
    const received = this.#sumOf(/^engine (udp|tcp)PacketsReceived$/)
    return received - this.#sumOf(new RegExp(`^engine (${ENGINE_FATES.join('|')})$`))
  }

  /** Packets of which a counter says that they were not let through; an answer to a first packet lets nobody through. */
  get turnedAway(): number {
    return this.#sumOf(/^(engine drop|first |session |kernel |handshake answered$)/)
  }

  /** Every count that has grown since an earlier reading, and by how much. */
  since(earlier: Account): Readonly<Record<string, number>> {
    const growth = Array.from(
      this.#counts,
      ([name, count]) => [name, count - (earlier.#counts.get(name) ?? 0)] as const,
    )
    return Object.fromEntries(growth.filter(([, count]) => count !== 0))
  }

  #sumOf(names: RegExp): number {
    return sum(Array.from(this.#counts, ([name, count]) => (names.test(name) ? count : 0)))
  }
}

/** Datagrams that the kernel dropped because the socket's queue was full (the last column of proc(5), /proc/net/udp). */
async function receiveQueueDrops(port: number): Promise<number> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const sockets = (await readFile('/proc/net/udp', 'utf8')).trim().split('\n').slice(1)
  const columns = sockets.map((line) => line.trim().split(/\s+/))
  return sum(columns.map((line) => (line[1]?.endsWith(wanted) ? Number(line.at(-1)) : 0)))
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0)
}
