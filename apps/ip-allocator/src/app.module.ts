import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import { AddressPools } from '@sallyport/ip-pool'
import type { Logger } from '@sallyport/telemetry'

import { RolesGuard } from './http/roles.guard.ts'
import { LeasesController } from './pools/leases.controller.ts'
import { PoolsController } from './pools/pools.controller.ts'
import { ReclaimJob } from './pools/reclaim-job.ts'
import { AllocatorMetrics } from './runtime/allocator-metrics.ts'
import { LOGGER } from './runtime/tokens.ts'

/** What exists before the application does; whoever made it disposes it. */
export interface Runtime {
  readonly pools: AddressPools
  readonly metrics: AllocatorMetrics
  readonly log: Logger
}

/** The whole application: two controllers, the guard of every route, and the reclaim job. */
@Module({})
export class AppModule {
  static of({ pools, metrics, log }: Runtime): DynamicModule {
    return {
      module: AppModule,
      controllers: [PoolsController, LeasesController],
      providers: [
        { provide: AddressPools, useValue: pools },
        { provide: AllocatorMetrics, useValue: metrics },
        { provide: LOGGER, useValue: log },
        { provide: APP_GUARD, useClass: RolesGuard },
        ReclaimJob,
      ],
    }
  }
}
