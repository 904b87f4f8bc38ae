import { Module } from '@nestjs/common'

import { OrderHub } from './order-hub.ts'

/** Orders to nodes, for every feature that gives one. */
@Module({ providers: [OrderHub], exports: [OrderHub] })
export class OrdersModule {}
