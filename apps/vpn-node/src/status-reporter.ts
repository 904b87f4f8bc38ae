import { availableParallelism } from 'node:os'

import type { NodeStatus } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ControlLink } from './control-link.ts'
import { MAX_PEERS } from './peer-ids.ts'

const INTERVAL_MS = 15_000

/** What a report reads of the node when it is made. */
export interface StatusReadings {
  readonly version: string
  /** Connections with a tunnel. */
  readonly connections: () => number
  /** CPU time of all threads of the process so far, in microseconds. */
  readonly cpuMicroseconds: () => number
  /** Milliseconds since the process began, by a clock that never steps. */
  readonly uptimeMs: () => number
}

/** Tells auth-service over and over how the node is; a report that is lost is made good by the next one. */
export class StatusReporter implements Disposable {
  readonly #control: Pick<ControlLink, 'status'>
  readonly #readings: StatusReadings
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #startedAt: string
  readonly #timer: NodeJS.Timeout
  #before: { readonly cpuMicroseconds: number; readonly uptimeMs: number } | undefined
  #isSending = false

  constructor(control: Pick<ControlLink, 'status'>, readings: StatusReadings, log: Logger) {
    this.#control = control
    this.#readings = readings
    this.#log = log
    this.#startedAt = new Date(Date.now() - readings.uptimeMs()).toISOString()
    this.#timer = setInterval(() => void this.report(), INTERVAL_MS)
  }

  /** Reports at once, unless a report is under way. */
  async report(): Promise<void> {
    if (this.#isSending) return
    this.#isSending = true
    try {
      await this.#control.status(this.#read(), this.#abort.signal)
    } catch (error) {
      this.#log.debug({ err: describeError(error) }, 'status not reported')
    } finally {
      this.#isSending = false
    }
  }

  #read(): NodeStatus {
    const { version, connections } = this.#readings
    const cpuShare = this.#cpuShare()
    return { version, startedAt: this.#startedAt, connections: connections(), capacity: MAX_PEERS, cpuShare }
  }

  /** Of all processors since the last report. */
  #cpuShare(): number | null {
    const now = { cpuMicroseconds: this.#readings.cpuMicroseconds(), uptimeMs: this.#readings.uptimeMs() }
    const before = this.#before
    this.#before = now
    const elapsedMs = before === undefined ? 0 : now.uptimeMs - before.uptimeMs
    if (before === undefined || elapsedMs <= 0) return null
    const usedMs = (now.cpuMicroseconds - before.cpuMicroseconds) / 1000
    return Math.min(1, Math.max(0, usedMs / elapsedMs / availableParallelism()))
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#abort.abort()
  }
}
