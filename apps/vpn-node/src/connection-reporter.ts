import {
  type CaptureReport,
  type ConnectionReport,
  type EndedReport,
  type EstablishedReport,
  MAX_REPORTS,
} from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ConnectionReports } from './connection.ts'
import type { ControlLink } from './control-link.ts'

/** A call costs as much as a hundred reports, so reports wait for company. */
const GATHER_MS = 200
const FLUSH_MS = 3_000
/** While auth-service is away; what is above is lost. */
const MAX_WAITING = 16_384

/**
 * Reports connections to auth-service in the background, in their order and many at a time; what is lost is repaired by
 * the regular sync.
 */
export class ConnectionReporter implements ConnectionReports, Disposable {
  readonly #control: Pick<ControlLink, 'report'>
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #waiting: ConnectionReport[] = []
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined

  constructor(control: Pick<ControlLink, 'report'>, log: Logger) {
    this.#control = control
    this.#log = log
  }

  established(connectionId: string, report: EstablishedReport): void {
    this.#add({ type: 'established', connectionId, ...report })
  }

  ended(connectionId: string, report: EndedReport): void {
    this.#add({ type: 'ended', connectionId, ...report })
  }

  captured(connectionId: string, report: CaptureReport): void {
    this.#add({ type: 'captured', connectionId, ...report })
  }

  async flush(): Promise<void> {
    const timer = setTimeout(() => {
      this.#abort.abort()
    }, FLUSH_MS)
    await this.#send()
    clearTimeout(timer)
  }

  #add(report: ConnectionReport): void {
    if (this.#waiting.length < MAX_WAITING) this.#waiting.push(report)
    this.#timer ??= setTimeout(() => void this.#send(), GATHER_MS)
  }

  /** Sends all that waits, one call after the other, so that reports arrive in their order. */
  #send(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const reports = this.#waiting.splice(0, MAX_REPORTS)
      try {
        await this.#control.report(reports, this.#abort.signal)
      } catch (error) {
        this.#log.debug({ reports: reports.length, err: describeError(error) }, 'reports not delivered')
      }
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#abort.abort()
  }
}
