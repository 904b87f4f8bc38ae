import { MAX_REPORTS, type TrafficReport } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { PacketEngine } from '@sallyport/packet-engine'
import type { Logger } from '@sallyport/telemetry'

import type { Connection } from './connection.ts'
import type { ControlLink } from './control-link.ts'

const INTERVAL_MS = 15_000

/** Who may have a tunnel, by turns. */
export interface TrafficHost {
  readonly connection: (Pick<Connection, 'peerId'> & { readonly grant: { readonly connectionId: string } }) | undefined
}

type Traffic = TrafficReport['connections'][number]

/**
 * Tells auth-service how much live connections have moved, those that moved nothing since left out. What is not delivered
 * is told again with the next round; the end of a connection is told by `ConnectionReporter`.
 */
export class TrafficReporter implements Disposable {
  readonly #control: Pick<ControlLink, 'traffic'>
  readonly #engine: Pick<PacketEngine, 'statistics'>
  readonly #hosts: () => readonly TrafficHost[]
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #timer: NodeJS.Timeout
  /** Bytes that were told last, both ways together, by connection. */
  #told = new Map<string, bigint>()
  #isTelling = false

  constructor(
    control: Pick<ControlLink, 'traffic'>,
    engine: Pick<PacketEngine, 'statistics'>,
    hosts: () => readonly TrafficHost[],
    log: Logger,
  ) {
    this.#control = control
    this.#engine = engine
    this.#hosts = hosts
    this.#log = log
    this.#timer = setInterval(() => void this.#tell(), INTERVAL_MS)
  }

  /** One call after the other, so that reading thousands of counters never holds packets up. */
  async #tell(): Promise<void> {
    if (this.#isTelling) return
    this.#isTelling = true
    const hosts = this.#hosts()
    const told = new Map<string, bigint>()
    try {
      for (let start = 0; start < hosts.length; start += MAX_REPORTS) {
        const moved = this.#read(hosts.slice(start, start + MAX_REPORTS), told)
        if (moved.length > 0) await this.#control.traffic(moved, this.#abort.signal)
        for (const traffic of moved) told.set(traffic.connectionId, totalOf(traffic))
      }
      this.#told = told
    } catch (error) {
      this.#log.debug({ err: describeError(error) }, 'traffic not reported')
    } finally {
      this.#isTelling = false
    }
  }

  /** Gives what moved; what did not is noted as told, so that what is gone is forgotten. */
  #read(hosts: readonly TrafficHost[], told: Map<string, bigint>): Traffic[] {
    return hosts.flatMap(({ connection }) => {
      if (connection === undefined) return []
      const { connectionId } = connection.grant
      const { receivedBytes, sentBytes } = this.#engine.statistics(connection.peerId)
      const before = this.#told.get(connectionId) ?? 0n
      const traffic = { connectionId, receivedBytes: String(receivedBytes), sentBytes: String(sentBytes) }
      if (totalOf(traffic) !== before) return [traffic]
      told.set(connectionId, before)
      return []
    })
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#abort.abort()
  }
}

function totalOf({ receivedBytes, sentBytes }: Traffic): bigint {
  return BigInt(receivedBytes) + BigInt(sentBytes)
}
