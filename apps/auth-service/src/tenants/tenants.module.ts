import { Module } from '@nestjs/common'

import { HandshakeKeysModule } from '../handshake-keys/handshake-keys.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { TenantAuthority } from './tenant-authority.ts'
import { TenantsController } from './tenants.controller.ts'
import { TenantsRepository } from './tenants.repository.ts'
import { TenantsService } from './tenants.service.ts'

/** Tenants and their certificate authorities. */
@Module({
  imports: [HandshakeKeysModule, OrdersModule],
  controllers: [TenantsController],
  providers: [TenantsService, TenantsRepository, TenantAuthority],
  exports: [TenantsRepository, TenantAuthority],
})
export class TenantsModule {}
