import type { Fleet } from '../fleet/fleet.ts'

const EVERY_MS = 1_000

/** Tells once a second how a run goes. */
export class ProgressReport {
  readonly #fleet: Pick<Fleet, 'size' | 'connecting' | 'connected' | 'statistics'>
  readonly #startedMs: number
  readonly #tell: (line: string) => void
  #dueMs: number
  #connectedBefore = 0
  phase = 'connecting'

  constructor(
    fleet: Pick<Fleet, 'size' | 'connecting' | 'connected' | 'statistics'>,
    startedMs: number,
    tell: (line: string) => void,
  ) {
    this.#fleet = fleet
    this.#startedMs = startedMs
    this.#tell = tell
    this.#dueMs = startedMs + EVERY_MS
  }

  advance(nowMs: number): void {
    if (nowMs < this.#dueMs) return
    this.#dueMs = nowMs + EVERY_MS
    const { size, connecting, connected, statistics } = this.#fleet
    const { first, again, refusals, lost } = statistics
    const connections = first.connected + again.connected
    this.#tell(
      [
        `${((nowMs - this.#startedMs) / 1_000).toFixed(0).padStart(5)} s  ${this.phase}`,
        `${String(connected)} of ${String(size)} connected`,
        `${String(connecting)} on the way`,
        `${String(connections - this.#connectedBefore)} a second`,
        `${String(refusals.total)} refused`,
        `${String(lost.total)} lost`,
      ].join('  '),
    )
    this.#connectedBefore = connections
  }
}
