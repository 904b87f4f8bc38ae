import { Module } from '@nestjs/common'

import { HandshakeKeysModule } from '../handshake-keys/handshake-keys.module.ts'
import { NetworksModule } from '../networks/networks.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { DevicesController } from './devices.controller.ts'
import { DevicesRepository } from './devices.repository.ts'
import { DevicesService } from './devices.service.ts'

/** Devices with their certificates and profiles. */
@Module({
  imports: [HandshakeKeysModule, NetworksModule, OrdersModule, TenantsModule, UsersModule],
  controllers: [DevicesController],
  providers: [DevicesService, DevicesRepository],
  exports: [DevicesRepository],
})
export class DevicesModule {}
