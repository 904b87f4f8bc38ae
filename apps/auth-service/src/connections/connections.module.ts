import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { ConnectionsController } from './connections.controller.ts'
import { ConnectionsRepository } from './connections.repository.ts'
import { ConnectionsService } from './connections.service.ts'

/** Live and past VPN connections. */
@Module({
  imports: [OrdersModule],
  controllers: [ConnectionsController],
  providers: [ConnectionsService, ConnectionsRepository],
  exports: [ConnectionsRepository],
})
export class ConnectionsModule {}
