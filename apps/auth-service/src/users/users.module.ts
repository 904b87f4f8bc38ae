import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { UsersController } from './users.controller.ts'
import { UsersRepository } from './users.repository.ts'
import { UsersService } from './users.service.ts'

/** Users of a tenant, as administrators manage them. */
@Module({
  imports: [OrdersModule],
  controllers: [UsersController],
  providers: [UsersService, UsersRepository],
  exports: [UsersRepository],
})
export class UsersModule {}
