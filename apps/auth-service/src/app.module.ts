import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'

import { ConnectModule } from './connect/connect.module.ts'
import { ConnectionsModule } from './connections/connections.module.ts'
import { DevicesModule } from './devices/devices.module.ts'
import { AccessGuard } from './http/access.guard.ts'
import { NetworksModule } from './networks/networks.module.ts'
import { NodeApiModule } from './node-api/node-api.module.ts'
import { PlatformModule } from './platform/platform.module.ts'
import { type Runtime, RuntimeModule } from './runtime/runtime.module.ts'
import { SignInModule } from './sign-in/sign-in.module.ts'
import { TenantsModule } from './tenants/tenants.module.ts'
import { UsersModule } from './users/users.module.ts'

/** The only place that knows every feature. */
@Module({})
export class AppModule {
  static of(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [
        RuntimeModule.of(runtime),
        PlatformModule,
        TenantsModule,
        UsersModule,
        SignInModule,
        NetworksModule,
        DevicesModule,
        ConnectionsModule,
        ConnectModule,
        NodeApiModule,
      ],
      providers: [{ provide: APP_GUARD, useClass: AccessGuard }],
    }
  }
}
