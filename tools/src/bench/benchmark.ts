import type { Lane } from './lane.ts'
import type { BenchResult } from './report.ts'
import type { BenchServer } from './server.ts'

/** A running server and the namespaces around it. */
export interface Contender {
  readonly lane: Lane
  readonly server: BenchServer
}

/** What a measurement works with. */
export interface BenchScene {
  readonly ours: Contender
  readonly peer: Contender
  /** How many clients ours has at once where many are measured. */
  readonly crowd: number
  /** Says how far it is, and throws when the user wants to stop. */
  readonly checkpoint: (message: string) => void
}

/** A measurement of both servers in turns, so that a slow minute of the machine hits both. */
export interface Benchmark {
  /** Names of its results. */
  readonly names: readonly string[]
  run(scene: BenchScene): Promise<readonly BenchResult[]>
}
