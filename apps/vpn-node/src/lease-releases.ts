import type { ReleaseRequest } from '@sallyport/contracts'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import type { LeaseClient } from './lease-client.ts'

/** A call costs as much as a hundred releases, so releases wait for company. */
const GATHER_MS = 200
/** The allocator's own limit. */
const LEASES_PER_CALL = 1024

type EndedLease = ReleaseRequest['leases'][number]

/** Gives leases back, many at a time; failure is harmless, for a lease then lapses. */
export class LeaseReleases {
  readonly #client: Pick<LeaseClient, 'release'>
  readonly #log: Logger
  readonly #signal: AbortSignal
  readonly #waiting: EndedLease[] = []
  /** Set exactly while leases wait. */
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined

  constructor(client: Pick<LeaseClient, 'release'>, log: Logger, signal: AbortSignal) {
    this.#client = client
    this.#log = log
    this.#signal = signal
  }

  /** True while there are leases that the allocator has not been told of, or has not yet answered for. */
  get pending(): boolean {
    return this.#waiting.length > 0 || this.#running !== undefined
  }

  add(lease: EndedLease): void {
    this.#waiting.push(lease)
    this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS)
  }

  /** Tells of all that wait and ends with the last call under way, whoever began it; never fails. */
  flush(): Promise<void> {
    this.#running ??= this.#sendAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
      const leases = this.#waiting.splice(0, LEASES_PER_CALL)
      try {
        await this.#client.release(leases, this.#signal)
      } catch (error) {
        this.#log.debug({ leases: leases.length, err: describeError(error) }, 'leases not released, they will lapse')
      }
    }
  }
}
