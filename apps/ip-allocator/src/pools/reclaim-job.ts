import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { describeError } from '@sallyport/foundation'
import { AddressPools } from '@sallyport/ip-pool'
import type { Logger } from '@sallyport/telemetry'

import { AllocatorMetrics } from '../runtime/allocator-metrics.ts'
import { LOGGER } from '../runtime/tokens.ts'

const INTERVAL_MS = 30_000
const MAX_PAGES_PER_RUN = 20
const MAX_LEASES_PER_NETWORK = 500

/**
 * Tidies lapsed leases away every now and then, so many at a time, and counts them. Correctness does not need it, and any
 * number of allocators may do it at once.
 */
@Injectable()
export class ReclaimJob implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #pools: Pick<AddressPools, 'reclaim'>
  readonly #metrics: AllocatorMetrics
  readonly #log: Logger
  #timer: NodeJS.Timeout | undefined
  #cursor = '0'

  constructor(
    @Inject(AddressPools) pools: Pick<AddressPools, 'reclaim'>,
    @Inject(AllocatorMetrics) metrics: AllocatorMetrics,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#pools = pools
    this.#metrics = metrics
    this.#log = log
  }

  onApplicationBootstrap(): void {
    this.#timer = setInterval(() => void this.run(), INTERVAL_MS)
  }

  onApplicationShutdown(): void {
    clearInterval(this.#timer)
  }

  /** Does one run, going on where the last one stopped; a failure waits for the next run. */
  async run(): Promise<void> {
    try {
      for (let page = 0; page < MAX_PAGES_PER_RUN; page++) {
        const { lapsed, cursor } = await this.#pools.reclaim(this.#cursor, MAX_LEASES_PER_NETWORK)
        this.#metrics.leases.increment('lapsed', lapsed)
        this.#cursor = cursor
        if (cursor === '0') return
      }
    } catch (error) {
      this.#log.debug({ reason: describeError(error) }, 'lapsed leases not reclaimed: trying again')
    }
  }
}
