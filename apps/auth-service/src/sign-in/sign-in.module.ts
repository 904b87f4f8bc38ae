import { Module } from '@nestjs/common'
import { PassportModule } from '@nestjs/passport'

import { OrdersModule } from '../node-api/orders.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { AccountService } from './account.service.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { LocalStrategy } from './local.strategy.ts'
import { PortalSessions } from './portal-sessions.ts'
import { SecondFactor } from './second-factor.ts'
import { SignInController } from './sign-in.controller.ts'
import { SignInService } from './sign-in.service.ts'

/** Passwords, second factors, sessions and limits of attempts. */
@Module({
  imports: [OrdersModule, PassportModule, TenantsModule, UsersModule],
  controllers: [SignInController],
  providers: [SignInService, AccountService, LocalStrategy, PortalSessions, SecondFactor, AttemptLimit],
  exports: [PortalSessions, SignInService, SecondFactor, AttemptLimit],
})
export class SignInModule {}
