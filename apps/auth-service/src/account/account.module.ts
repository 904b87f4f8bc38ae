import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { AccountController } from './account.controller.ts'
import { AccountService } from './account.service.ts'
import { OwnAccount } from './own-account.ts'
import { OwnFactorsController } from './own-factors.controller.ts'
import { OwnFactorsService } from './own-factors.service.ts'
import { OwnPasskeysController } from './own-passkeys.controller.ts'
import { OwnPasskeysService } from './own-passkeys.service.ts'
import { OwnSecrets } from './own-secrets.ts'
import { OwnSessionsController } from './own-sessions.controller.ts'
import { OwnSessionsService } from './own-sessions.service.ts'

/** What people do with their own account and their own second factors. */
@Module({
  imports: [OrdersModule, SignInModule, UsersModule],
  controllers: [AccountController, OwnFactorsController, OwnPasskeysController, OwnSessionsController],
  providers: [AccountService, OwnAccount, OwnFactorsService, OwnPasskeysService, OwnSecrets, OwnSessionsService],
})
export class AccountModule {}
