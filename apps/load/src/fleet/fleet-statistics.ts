import type { ClientDropReason } from '@sallyport/openvpn-session'
import type { PeerStatistics } from '@sallyport/packet-engine'

import { Latencies, type LatencySummary } from '../report/latency.ts'
import { ReasonCounts } from '../report/reason-counts.ts'

/** Inner traffic of all tunnels. */
export interface TrafficTotals {
  readonly receivedBytes: number
  readonly receivedPackets: number
  readonly sentBytes: number
  readonly sentPackets: number
}

/** First connections, or those of clients that came back. */
class Attempts {
  begun = 0
  connected = 0
  readonly times = new Latencies()

  get summary(): { attempted: number; connected: number; timeMs: LatencySummary } {
    return { attempted: this.begun, connected: this.connected, timeMs: this.times.summary }
  }
}

/** Counts what happens to the clients of a run. */
export class FleetStatistics {
  readonly first = new Attempts()
  readonly again = new Attempts()
  /** Of those that came back, how many had a session token. */
  withToken = 0
  renegotiations = 0
  /** Attempts that did not come to a connection. */
  readonly refusals = new ReasonCounts()
  /** Connections that ended although nobody here wanted that. */
  readonly lost = new ReasonCounts()
  readonly #drops = new Map<ClientDropReason, number>()
  readonly #traffic = { receivedBytes: 0n, receivedPackets: 0n, sentBytes: 0n, sentPackets: 0n }
  #firstBegunMs: number | undefined
  #lastConnectedMs: number | undefined

  noteBegun(isFirst: boolean, hasToken: boolean, nowMs: number): void {
    this.#firstBegunMs ??= nowMs
    const attempts = isFirst ? this.first : this.again
    attempts.begun += 1
    if (!isFirst && hasToken) this.withToken += 1
  }

  noteConnected(isFirst: boolean, tookMs: number, nowMs: number): void {
    const attempts = isFirst ? this.first : this.again
    attempts.connected += 1
    attempts.times.add(tookMs)
    if (isFirst) this.#lastConnectedMs = nowMs
  }

  noteDrop(reason: ClientDropReason): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1)
  }

  /** Adds the traffic of a tunnel that is closed. */
  addTraffic(traffic: PeerStatistics): void {
    this.#traffic.receivedBytes += traffic.receivedBytes
    this.#traffic.receivedPackets += traffic.receivedPackets
    this.#traffic.sentBytes += traffic.sentBytes
    this.#traffic.sentPackets += traffic.sentPackets
  }

  get traffic(): TrafficTotals {
    const { receivedBytes, receivedPackets, sentBytes, sentPackets } = this.#traffic
    return {
      receivedBytes: Number(receivedBytes),
      receivedPackets: Number(receivedPackets),
      sentBytes: Number(sentBytes),
      sentPackets: Number(sentPackets),
    }
  }

  get drops(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#drops)
  }

  /** From the first packet to the last of the first connections. */
  get connectSeconds(): number {
    return Math.max(0, (this.#lastConnectedMs ?? 0) - (this.#firstBegunMs ?? 0)) / 1_000
  }
}
