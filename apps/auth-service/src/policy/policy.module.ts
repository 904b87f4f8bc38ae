import { Module } from '@nestjs/common'

import { FactorsModule } from '../factors/factors.module.ts'
import { GeoipModule } from '../geoip/geoip.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { DryRunService } from './dry-run.service.ts'
import { LiveConnections } from './live-connections.ts'
import { PolicyController } from './policy.controller.ts'
import { PolicyService } from './policy.service.ts'

/** Who may come in with which factor, for how long and how often. */
@Module({
  imports: [FactorsModule, GeoipModule, OrdersModule],
  controllers: [PolicyController],
  providers: [PolicyService, LiveConnections, DryRunService],
  exports: [PolicyService],
})
export class PolicyModule {}
