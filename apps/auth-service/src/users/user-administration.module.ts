import { Module } from '@nestjs/common'

import { FactorsModule } from '../factors/factors.module.ts'
import { LinksModule } from '../links/links.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { PolicyModule } from '../policy/policy.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UserCredentialsController } from './user-credentials.controller.ts'
import { UserCredentialsService } from './user-credentials.service.ts'
import { UserErasure } from './user-erasure.ts'
import { UserImportController } from './user-import.controller.ts'
import { UserImport } from './user-import.service.ts'
import { UsersController } from './users.controller.ts'
import { UsersModule } from './users.module.ts'
import { UsersService } from './users.service.ts'

/** Users of a tenant, as administrators manage them. */
@Module({
  imports: [FactorsModule, LinksModule, OrdersModule, PolicyModule, SignInModule, TenantsModule, UsersModule],
  controllers: [UserImportController, UsersController, UserCredentialsController],
  providers: [UsersService, UserCredentialsService, UserErasure, UserImport],
})
export class UserAdministrationModule {}
