import type { EndedReport, EstablishedReport } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { ConnectionReports } from './connection.ts'
import type { ControlLink } from './control-link.ts'

const FLUSH_MS = 3_000

/** Reports connections to auth-service in the background; what is lost is repaired by the regular sync. */
export class ConnectionReporter implements ConnectionReports, Disposable {
  readonly #control: ControlLink
  readonly #log: Logger
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()

  constructor(control: ControlLink, log: Logger) {
    this.#control = control
    this.#log = log
  }

  established(connectionId: string, report: EstablishedReport): void {
    this.#track(connectionId, this.#control.reportEstablished(connectionId, report, this.#abort.signal))
  }

  ended(connectionId: string, report: EndedReport): void {
    this.#track(connectionId, this.#control.reportEnded(connectionId, report, this.#abort.signal))
  }

  async flush(): Promise<void> {
    const timer = setTimeout(() => {
      this.#abort.abort()
    }, FLUSH_MS)
    await Promise.all(this.#running)
    clearTimeout(timer)
  }

  #track(connectionId: string, call: Promise<void>): void {
    const running = call
      .catch((error: unknown) => {
        this.#log.debug({ connectionId, err: describeError(error) }, 'report not delivered')
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  [Symbol.dispose](): void {
    this.#abort.abort()
  }
}
