import { Module } from '@nestjs/common'

import { ChallengesModule } from '../challenges/challenges.module.ts'
import { ConnectionsModule } from '../connections/connections.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { ConnectService } from './connect.service.ts'
import { ConnectApiController } from './connect-api.controller.ts'
import { ConnectPageController } from './connect-page.controller.ts'

/** Second factors that are given in the browser for a connection that waits. */
@Module({
  imports: [ChallengesModule, ConnectionsModule, OrdersModule, SignInModule, TenantsModule],
  controllers: [ConnectPageController, ConnectApiController],
  providers: [ConnectService],
})
export class ConnectModule {}
