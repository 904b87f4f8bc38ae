import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import type { Network } from '@sallyport/database'
import { describeError, errorCode } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'

import { LOGGER } from '../runtime/tokens.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { AllocatorLink } from './allocator-link.ts'
import { NetworksRepository } from './networks.repository.ts'

const INTERVAL_MS = 15_000

/**
 * Tells the allocator the pools of all networks: at once when one is made, and all of them over and over, so that an
 * allocator that was away or lost its data recovers by itself.
 */
@Injectable()
export class PoolSync implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #allocator: AllocatorLink
  readonly #tenants: TenantsRepository
  readonly #networks: NetworksRepository
  readonly #log: Logger
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #failing: string | undefined

  constructor(
    @Inject(AllocatorLink) allocator: AllocatorLink,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(NetworksRepository) networks: NetworksRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#allocator = allocator
    this.#tenants = tenants
    this.#networks = networks
    this.#log = log
  }

  onApplicationBootstrap(): void {
    void this.#repeat()
  }

  onApplicationShutdown(): void {
    this.#stopped.abort()
    clearTimeout(this.#timer)
  }

  /** Tells one pool; a failure is logged, and repaired by the next round. */
  async push(network: Network): Promise<void> {
    await this.#attempt(() => this.#allocator.define(network))
  }

  async #repeat(): Promise<void> {
    await this.#attempt(() => this.#pushAll())
    if (!this.#stopped.signal.aborted) this.#timer = setTimeout(() => void this.#repeat(), INTERVAL_MS)
  }

  async #pushAll(): Promise<void> {
    for (const tenant of await this.#tenants.listActive()) {
      for (const network of await this.#networks.list(tenant.id)) await this.#allocator.define(network)
    }
  }

  /** Logs when it starts to fail, when it fails in another way, and when it works again; not at every round. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work()
      if (this.#failing !== undefined) this.#log.info({}, 'pools are known to the allocator again')
      this.#failing = undefined
    } catch (error) {
      const failing = errorCode(error) ?? 'unknown'
      if (this.#stopped.signal.aborted || failing === this.#failing) return
      this.#failing = failing
      this.#log.warn({ reason: describeError(error) }, 'pools cannot be told to the allocator; trying again')
    }
  }
}
