import { Module } from '@nestjs/common'

import { NetworksModule } from '../networks/networks.module.ts'
import { OverviewController } from './overview.controller.ts'
import { OverviewRepository } from './overview.repository.ts'
import { OverviewService } from './overview.service.ts'
import { PlatformOverviewController } from './platform-overview.controller.ts'
import { PlatformOverviewService } from './platform-overview.service.ts'
import { PlatformPoolsController } from './platform-pools.controller.ts'

/** Numbers at a glance, of a tenant and of the platform. */
@Module({
  imports: [NetworksModule],
  controllers: [OverviewController, PlatformOverviewController, PlatformPoolsController],
  providers: [OverviewService, PlatformOverviewService, OverviewRepository],
})
export class OverviewModule {}
