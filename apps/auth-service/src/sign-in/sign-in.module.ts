import { Module } from '@nestjs/common'
import { PassportModule } from '@nestjs/passport'

import { ChangesModule } from '../events/changes.module.ts'
import { FactorsModule } from '../factors/factors.module.ts'
import { GeoipModule } from '../geoip/geoip.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { PolicyModule } from '../policy/policy.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { AttemptLimit } from './attempt-limit.ts'
import { FactorCheck } from './factor-check.ts'
import { LimitedCheck } from './limited-check.ts'
import { LocalStrategy } from './local.strategy.ts'
import { PortalPolicy } from './portal-policy.ts'
import { PortalSessions } from './portal-sessions.ts'
import { SessionIndex } from './session-index.ts'
import { SignInController } from './sign-in.controller.ts'
import { SignInService } from './sign-in.service.ts'
import { SignInChallenges } from './sign-in-challenges.ts'
import { SignInJudge } from './sign-in-judge.ts'
import { SignInOutcomes } from './sign-in-outcomes.ts'

/** Sign-ins to the portal, their sessions, and limits of attempts. */
@Module({
  imports: [
    ChangesModule,
    FactorsModule,
    GeoipModule,
    OrdersModule,
    PassportModule,
    PolicyModule,
    TenantsModule,
    UsersModule,
  ],
  controllers: [SignInController],
  providers: [
    AttemptLimit,
    FactorCheck,
    LimitedCheck,
    LocalStrategy,
    PortalPolicy,
    PortalSessions,
    SessionIndex,
    SignInChallenges,
    SignInJudge,
    SignInOutcomes,
    SignInService,
  ],
  exports: [
    AttemptLimit,
    FactorCheck,
    FactorsModule,
    LimitedCheck,
    PortalPolicy,
    PortalSessions,
    SessionIndex,
    SignInService,
  ],
})
export class SignInModule {}
