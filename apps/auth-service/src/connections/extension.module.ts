import { Module } from '@nestjs/common'

import { FactorsModule } from '../factors/factors.module.ts'
import { GeoipModule } from '../geoip/geoip.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { PolicyModule } from '../policy/policy.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { ExtensionController } from './extension.controller.ts'
import { ExtensionService } from './extension.service.ts'

/** Logins that begin anew under a live connection. */
@Module({
  imports: [FactorsModule, GeoipModule, OrdersModule, PolicyModule, SignInModule],
  controllers: [ExtensionController],
  providers: [ExtensionService],
})
export class ExtensionModule {}
