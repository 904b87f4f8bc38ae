import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { AllocatorLink } from './allocator-link.ts'
import { NetworksController } from './networks.controller.ts'
import { NetworksRepository } from './networks.repository.ts'
import { NetworksService } from './networks.service.ts'
import { OwnNetworksController } from './own-networks.controller.ts'
import { PoolSync } from './pool-sync.ts'
import { TenantNetworksController } from './tenant-networks.controller.ts'

/** Networks of a tenant and what the allocator knows of them. */
@Module({
  imports: [OrdersModule, TenantsModule],
  controllers: [NetworksController, OwnNetworksController, TenantNetworksController],
  providers: [NetworksService, NetworksRepository, AllocatorLink, PoolSync],
  exports: [AllocatorLink, NetworksRepository],
})
export class NetworksModule {}
