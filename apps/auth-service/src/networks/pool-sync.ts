import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common'
import { ApiClient } from '@sallyport/cluster-identity'
import type { PoolDefinition } from '@sallyport/contracts'
import type { Network } from '@sallyport/database'
import { describeError, errorCode } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { z } from 'zod'

import { OwnIdentity } from '../platform/own-identity.ts'
import type { Settings } from '../runtime/settings.ts'
import { LOGGER, SETTINGS } from '../runtime/tokens.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { NetworksRepository } from './networks.repository.ts'

const INTERVAL_MS = 15_000
const CALL_TIMEOUT_MS = 3000

/**
 * Tells the allocator the pools of all networks: at once when one is made, and all of them over and over, so that an
 * allocator that was away or lost its data recovers by itself.
 */
@Injectable()
export class PoolSync implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #client: ApiClient
  readonly #tenants: TenantsRepository
  readonly #networks: NetworksRepository
  readonly #log: Logger
  readonly #stopped = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #failing: string | undefined

  constructor(
    @Inject(OwnIdentity) identity: OwnIdentity,
    @Inject(SETTINGS) settings: Settings,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(NetworksRepository) networks: NetworksRepository,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#client = new ApiClient({
      baseUrl: settings.ALLOCATOR_URL,
      serverRole: 'ip-allocator',
      credentials: identity.credentials,
    })
    this.#tenants = tenants
    this.#networks = networks
    this.#log = log
  }

  onApplicationBootstrap(): void {
    void this.#repeat()
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped.abort()
    clearTimeout(this.#timer)
    await this.#client.close()
  }

  /** Tells one pool; a failure is logged, and repaired by the next round. */
  async push(network: Network): Promise<void> {
    await this.#attempt(() => this.#put(network))
  }

  async #repeat(): Promise<void> {
    await this.#attempt(() => this.#pushAll())
    if (!this.#stopped.signal.aborted) this.#timer = setTimeout(() => void this.#repeat(), INTERVAL_MS)
  }

  async #pushAll(): Promise<void> {
    for (const tenant of await this.#tenants.listActive()) {
      for (const network of await this.#networks.list(tenant.id)) await this.#put(network)
    }
  }

  async #put({ id, tenantId, ipv4, ipv6 }: Network): Promise<void> {
    const body: PoolDefinition = { tenantId, ipv4, ipv6 }
    const path = `/allocator/v1/pools/${id}`
    await this.#client.call({
      method: 'PUT',
      path,
      body,
      response: z.unknown(),
      signal: this.#stopped.signal,
      timeoutMs: CALL_TIMEOUT_MS,
    })
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
