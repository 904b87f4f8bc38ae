import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { CookieKeys } from './cookie-keys.ts'
import { StaticKeys } from './static-keys.ts'

/** Keys that nodes need before they know who a client is. */
@Module({ imports: [OrdersModule], providers: [CookieKeys, StaticKeys], exports: [CookieKeys, StaticKeys] })
export class HandshakeKeysModule {}
