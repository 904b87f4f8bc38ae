import type { LatencySummary } from '../report/latency.ts'
import type { TrafficKind } from './mix.ts'

/** What came of each kind of traffic. */
export type MixResults = Readonly<Partial<Record<TrafficKind, Readonly<Record<string, number | LatencySummary>>>>>

/** Where a client's traffic comes from and goes to. */
export interface Flow {
  /** Inner address of the client, which this process may bind to. */
  readonly source: string
  readonly target: { readonly address: string; readonly port: number }
}

/** The traffic of all clients that have one kind of it. */
export interface TrafficGenerator {
  /** A client is connected; its address can be used. */
  start(client: number, flow: Flow): void
  /** The client has no tunnel any more. */
  stop(client: number): void
  /** Does what is due. */
  advance(nowMs: number): void
  readonly results: Readonly<Record<string, number | LatencySummary>>
}
