import { Module } from '@nestjs/common'

import { ChangesModule } from '../events/changes.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { ConnectionsController } from './connections.controller.ts'
import { ConnectionsRepository } from './connections.repository.ts'
import { ConnectionsService } from './connections.service.ts'
import { OwnConnectionsController } from './own-connections.controller.ts'

/** Live and past VPN connections. */
@Module({
  imports: [ChangesModule, OrdersModule],
  controllers: [ConnectionsController, OwnConnectionsController],
  providers: [ConnectionsService, ConnectionsRepository],
  exports: [ConnectionsRepository],
})
export class ConnectionsModule {}
