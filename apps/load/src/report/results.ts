import type { FleetStatistics, TrafficTotals } from '../fleet/fleet-statistics.ts'
import type { MixResults } from '../traffic/traffic.ts'
import type { LatencySummary } from './latency.ts'

/** How the command of `--exec` went. */
export interface ExecResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null
  readonly seconds: number
}

/** What was asked for. */
export interface ResultsPlan {
  readonly clients: number
  readonly profiles: number
  readonly ratePerSecond: number
  readonly holdSeconds: number
  readonly mix: string
}

/** What a run leaves behind: the content of the JSON file. Times are in milliseconds where the name says nothing else. */
export interface Results {
  readonly schema: 1
  readonly seconds: number
  readonly interrupted: boolean
  readonly plan: ResultsPlan
  readonly connect: {
    readonly attempted: number
    readonly connected: number
    readonly failed: number
    readonly seconds: number
    readonly perSecond: number
    readonly timeMs: LatencySummary
  }
  readonly refusals: Readonly<Record<string, number>>
  readonly lost: Readonly<Record<string, number>>
  readonly connectedAtEnd: number
  readonly reconnects: {
    readonly attempted: number
    readonly connected: number
    readonly withToken: number
    readonly timeMs: LatencySummary
  }
  readonly renegotiations: number
  readonly traffic: TrafficTotals & { readonly mixes: MixResults }
  /** Packets that were dropped here, by the engine's and the protocol's reasons; those that never happened are left out. */
  readonly drops: Readonly<Record<string, number>>
  readonly exec: ExecResult | null
  readonly process: {
    readonly cpuSeconds: number
    readonly engineCpuSeconds: number
    readonly residentBytes: number
  }
}

/** What is known only at the end of a run, beside the statistics of its fleet. */
export interface RunEnd {
  readonly plan: ResultsPlan
  readonly startedMs: number
  readonly endedMs: number
  readonly interrupted: boolean
  readonly connectedAtEnd: number
  readonly mixes: MixResults
  readonly engineCounters: Readonly<Record<string, bigint>>
  readonly exec: ExecResult | undefined
  readonly process: Results['process']
}

/** Puts the results of a run together. */
export function resultsOf(statistics: FleetStatistics, end: RunEnd): Results {
  const { first, again, connectSeconds } = statistics
  const { attempted, connected, timeMs } = first.summary
  return {
    schema: 1,
    seconds: rounded((end.endedMs - end.startedMs) / 1_000),
    interrupted: end.interrupted,
    plan: end.plan,
    connect: {
      attempted,
      connected,
      failed: attempted - connected,
      seconds: rounded(connectSeconds),
      perSecond: connectSeconds === 0 ? 0 : rounded(connected / connectSeconds),
      timeMs,
    },
    refusals: statistics.refusals.toObject(),
    lost: statistics.lost.toObject(),
    connectedAtEnd: end.connectedAtEnd,
    reconnects: { ...again.summary, withToken: statistics.withToken },
    renegotiations: statistics.renegotiations,
    traffic: { ...statistics.traffic, mixes: end.mixes },
    drops: { ...engineDrops(end.engineCounters), ...statistics.drops },
    exec: end.exec ?? null,
    process: end.process,
  }
}

/** Whether the run did what was asked for. */
export function isComplete({ connect, plan, exec }: Results): boolean {
  return connect.connected === plan.clients && (exec === null || exec.exitCode === 0)
}

function engineDrops(counters: Readonly<Record<string, bigint>>): Record<string, number> {
  const drops = Object.entries(counters).filter(([name, count]) => name.startsWith('drop') && count > 0n)
  return Object.fromEntries(drops.map(([name, count]) => [name, Number(count)]))
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000
}
