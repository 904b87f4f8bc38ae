import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common'
import { ApiClient } from '@sallyport/cluster-identity'
import { MAX_POOLS, type PoolDefinition, type PoolKey, poolUseResponse } from '@sallyport/contracts'
import type { Network } from '@sallyport/database'
import { describeError } from '@sallyport/foundation'
import type { Logger } from '@sallyport/telemetry'
import { z } from 'zod'

import { OwnIdentity } from '../platform/own-identity.ts'
import type { Settings } from '../runtime/settings.ts'
import { LOGGER, SETTINGS } from '../runtime/tokens.ts'

const DEFINE_TIMEOUT_MS = 3000
/** Somebody looks at a page: the rest of it is worth more than these numbers. */
const USE_TIMEOUT_MS = 1000

/** How full a pool is, in addresses. */
export interface PoolFill {
  readonly size: number
  readonly leased: number
}

/** What this service asks of the allocator. */
@Injectable()
export class AllocatorLink implements OnApplicationShutdown {
  readonly #client: ApiClient
  readonly #log: Logger
  readonly #stopped = new AbortController()

  constructor(
    @Inject(OwnIdentity) identity: OwnIdentity,
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#client = new ApiClient({
      baseUrl: settings.ALLOCATOR_URL,
      serverRole: 'ip-allocator',
      credentials: identity.credentials,
    })
    this.#log = log
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped.abort()
    await this.#client.close()
  }

  /** Tells the pool of a network; throws when the allocator is away or refuses it. */
  async define({ id, tenantId, ipv4, ipv6 }: Pick<Network, 'id' | 'tenantId' | 'ipv4' | 'ipv6'>): Promise<void> {
    const body: PoolDefinition = { tenantId, ipv4, ipv6 }
    const path = `/allocator/v1/pools/${id}`
    const { signal } = this.#stopped
    await this.#client.call({ method: 'PUT', path, body, response: z.unknown(), signal, timeoutMs: DEFINE_TIMEOUT_MS })
  }

  /** Tells how full pools are, by network; those that the allocator does not know are missing. `undefined` without it. */
  async poolUse(networks: readonly PoolKey[]): Promise<ReadonlyMap<string, PoolFill> | undefined> {
    const use = new Map<string, PoolFill>()
    try {
      for (let start = 0; start < networks.length; start += MAX_POOLS) {
        const pools = networks
          .slice(start, start + MAX_POOLS)
          .map(({ tenantId, networkId }) => ({ tenantId, networkId }))
        const answer = await this.#client.call({
          method: 'POST',
          path: '/allocator/v1/pools/use',
          body: { pools },
          response: poolUseResponse,
          signal: this.#stopped.signal,
          timeoutMs: USE_TIMEOUT_MS,
        })
        for (const { networkId, capacity, leased } of answer.pools) use.set(networkId, { size: capacity, leased })
      }
      return use
    } catch (error) {
      this.#log.debug({ reason: describeError(error) }, 'the allocator does not tell how full pools are')
      return undefined
    }
  }
}
