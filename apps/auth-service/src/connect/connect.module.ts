import { Module } from '@nestjs/common'

import { BrandingModule } from '../branding/branding.module.ts'
import { ChallengesModule } from '../challenges/challenges.module.ts'
import { ConnectionsModule } from '../connections/connections.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { ConnectController } from './connect.controller.ts'
import { ConnectService } from './connect.service.ts'

/** Second factors that are given in the browser for a connection that waits. */
@Module({
  imports: [
    BrandingModule,
    ChallengesModule,
    ConnectionsModule,
    OrdersModule,
    SignInModule,
    TenantsModule,
    UsersModule,
  ],
  controllers: [ConnectController],
  providers: [ConnectService],
})
export class ConnectModule {}
