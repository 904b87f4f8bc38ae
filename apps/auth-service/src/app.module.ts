import { type DynamicModule, Module } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'

import { AccountModule } from './account/account.module.ts'
import { ApiTokensModule } from './api-tokens/api-tokens.module.ts'
import { AuditModule } from './audit/audit.module.ts'
import { AuthoritiesModule } from './authorities/authorities.module.ts'
import { BrandingModule } from './branding/branding.module.ts'
import { ConnectModule } from './connect/connect.module.ts'
import { ConnectionsModule } from './connections/connections.module.ts'
import { ExtensionModule } from './connections/extension.module.ts'
import { DevicesModule } from './devices/devices.module.ts'
import { EventsModule } from './events/events.module.ts'
import { ExplainModule } from './explain/explain.module.ts'
import { GroupsModule } from './groups/groups.module.ts'
import { AccessGuard } from './http/access.guard.ts'
import { LinksModule } from './links/links.module.ts'
import { NetworksModule } from './networks/networks.module.ts'
import { NodeApiModule } from './node-api/node-api.module.ts'
import { OverviewModule } from './overview/overview.module.ts'
import { MasterKeyModule } from './platform/master-key.module.ts'
import { PlatformModule } from './platform/platform.module.ts'
import { PolicyModule } from './policy/policy.module.ts'
import { RestImportModule } from './rest-import/rest-import.module.ts'
import { type Runtime, RuntimeModule } from './runtime/runtime.module.ts'
import { SignInModule } from './sign-in/sign-in.module.ts'
import { TenantAdministrationModule } from './tenants/tenant-administration.module.ts'
import { UserAdministrationModule } from './users/user-administration.module.ts'
import { WebhooksModule } from './webhooks/webhooks.module.ts'

/** The only place that knows every feature. */
export const FEATURES = [
  PlatformModule,
  MasterKeyModule,
  TenantAdministrationModule,
  UserAdministrationModule,
  GroupsModule,
  PolicyModule,
  LinksModule,
  SignInModule,
  AccountModule,
  NetworksModule,
  AuthoritiesModule,
  DevicesModule,
  RestImportModule,
  ConnectionsModule,
  ExtensionModule,
  ConnectModule,
  NodeApiModule,
  AuditModule,
  WebhooksModule,
  EventsModule,
  ExplainModule,
  ApiTokensModule,
  BrandingModule,
  OverviewModule,
] as const

/** The whole service. */
@Module({})
export class AppModule {
  static of(runtime: Runtime): DynamicModule {
    return {
      module: AppModule,
      imports: [RuntimeModule.of(runtime), ...FEATURES],
      providers: [{ provide: APP_GUARD, useClass: AccessGuard }],
    }
  }
}
