import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'

import { NODE_AWAY_AFTER_MS } from '../connections/counted-connections.ts'
import { mapPage, type Page } from '../http/page.ts'
import { AllocatorLink } from '../networks/allocator-link.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { OverviewRepository } from './overview.repository.ts'
import type { ListPoolsQuery, PlatformOverviewView, PlatformPoolView } from './overview.schemas.ts'
import { fullest, networksPage, usedPools } from './pool-use.ts'

const MAX_POOLS_SHOWN = 100

/** The numbers of the platform at a glance. */
@Injectable()
export class PlatformOverviewService {
  readonly #numbers: OverviewRepository
  readonly #allocator: AllocatorLink
  readonly #clock: Clock

  constructor(
    @Inject(OverviewRepository) numbers: OverviewRepository,
    @Inject(AllocatorLink) allocator: AllocatorLink,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#numbers = numbers
    this.#allocator = allocator
    this.#clock = clock
  }

  async get(): Promise<PlatformOverviewView> {
    const heardSince = new Date(this.#clock.now() - NODE_AWAY_AFTER_MS)
    const [numbers, networks] = await Promise.all([
      this.#numbers.platformNumbers(heardSince),
      this.#numbers.platformNetworks(),
    ])
    const use = await this.#allocator.poolUse(networks)
    if (use === undefined) return { ...numbers, poolCount: null, pools: null }
    const pools = usedPools(networks, use)
    return { ...numbers, poolCount: pools.length, pools: fullest(pools, MAX_POOLS_SHOWN) }
  }

  /** Asks the allocator for the pools of the page only. */
  async pools(query: ListPoolsQuery): Promise<Page<PlatformPoolView>> {
    const page = networksPage(await this.#numbers.platformNetworks(), query)
    const use = await this.#allocator.poolUse(page.items)
    return mapPage(page, (network) => ({
      ...network,
      family: 4,
      ...(use?.get(network.networkId) ?? { size: null, leased: null }),
    }))
  }
}
