import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'

import { NODE_AWAY_AFTER_MS } from '../connections/counted-connections.ts'
import type { Actor } from '../http/access.ts'
import { AllocatorLink } from '../networks/allocator-link.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { type NamedNetwork, OverviewRepository } from './overview.repository.ts'
import type { OverviewQuery, OverviewView } from './overview.schemas.ts'
import { usedPools } from './pool-use.ts'
import { failuresOf, seriesOf, seriesTimeOf } from './time-series.ts'

/** The numbers of a tenant at a glance. */
@Injectable()
export class OverviewService {
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

  async get({ tenantId }: Pick<Actor, 'tenantId'>, { range }: OverviewQuery): Promise<OverviewView> {
    const nowMs = this.#clock.now()
    const time = seriesTimeOf(range, nowMs)
    const found = await this.#numbers.numbersOf(tenantId, time, new Date(nowMs - NODE_AWAY_AFTER_MS))
    const use = await this.#allocator.poolUse(found.networks)
    return {
      from: new Date(time.fromMs).toISOString(),
      to: new Date(time.toMs).toISOString(),
      bucketSeconds: time.bucketSeconds,
      ...found.connected,
      series: seriesOf(time, found.peaks, found.attempts),
      failures: failuresOf(found.attempts),
      enrolment: found.enrolment,
      expiring: found.expiring,
      pools: use === undefined ? null : usedPools(found.networks.map(withoutTenant), use),
    }
  }
}

function withoutTenant({ networkId, name }: NamedNetwork): Pick<NamedNetwork, 'networkId' | 'name'> {
  return { networkId, name }
}
