import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { AuthoritiesController } from './authorities.controller.ts'
import { AuthoritiesRepository } from './authorities.repository.ts'
import { AuthoritiesService } from './authorities.service.ts'
import { RevocationListsController } from './revocation-lists.controller.ts'
import { RevocationLists } from './revocation-lists.ts'

/** Rollover of certificate authorities, and the lists of revoked certificates. */
@Module({
  imports: [OrdersModule, TenantsModule],
  controllers: [AuthoritiesController, RevocationListsController],
  providers: [AuthoritiesService, AuthoritiesRepository, RevocationLists],
})
export class AuthoritiesModule {}
