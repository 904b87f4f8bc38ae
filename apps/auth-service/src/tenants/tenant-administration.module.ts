import { Module } from '@nestjs/common'

import { HandshakeKeysModule } from '../handshake-keys/handshake-keys.module.ts'
import { LinksModule } from '../links/links.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { OperatorsController } from './operators.controller.ts'
import { OperatorsService } from './operators.service.ts'
import { SettingsController } from './settings.controller.ts'
import { SettingsService } from './settings.service.ts'
import { TenantsController } from './tenants.controller.ts'
import { TenantsModule } from './tenants.module.ts'
import { TenantsService } from './tenants.service.ts'

/** Tenants, as the operator and their own administrators manage them. */
@Module({
  imports: [HandshakeKeysModule, LinksModule, OrdersModule, TenantsModule],
  controllers: [TenantsController, OperatorsController, SettingsController],
  providers: [TenantsService, OperatorsService, SettingsService],
})
export class TenantAdministrationModule {}
