import { Module } from '@nestjs/common'

import { ChallengesModule } from '../challenges/challenges.module.ts'
import { ConnectionsModule } from '../connections/connections.module.ts'
import { DevicesModule } from '../devices/devices.module.ts'
import { RenewedCertificates } from '../devices/renewed-certificates.ts'
import { ChangesModule } from '../events/changes.module.ts'
import { FactorsModule } from '../factors/factors.module.ts'
import { GeoipModule } from '../geoip/geoip.module.ts'
import { HandshakeKeysModule } from '../handshake-keys/handshake-keys.module.ts'
import { PlatformModule } from '../platform/platform.module.ts'
import { PolicyModule } from '../policy/policy.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { AuthorisationService } from './authorisation.service.ts'
import { AuthorisationFacts } from './authorisation-facts.ts'
import { CredentialCheck } from './credential-check.ts'
import { EnrolmentService } from './enrolment.service.ts'
import { NodeApiServer } from './node-api.server.ts'
import { NodeReportsService } from './node-reports.service.ts'
import { OrdersModule } from './orders.module.ts'
import { ServiceCaller } from './service-caller.ts'
import { TrafficReportsService } from './traffic-reports.service.ts'

/** What nodes and the allocator call. */
@Module({
  imports: [
    ChallengesModule,
    ChangesModule,
    ConnectionsModule,
    DevicesModule,
    FactorsModule,
    GeoipModule,
    HandshakeKeysModule,
    OrdersModule,
    PlatformModule,
    PolicyModule,
    SignInModule,
    TenantsModule,
  ],
  providers: [
    NodeApiServer,
    ServiceCaller,
    EnrolmentService,
    AuthorisationFacts,
    AuthorisationService,
    RenewedCertificates,
    CredentialCheck,
    NodeReportsService,
    TrafficReportsService,
  ],
  exports: [NodeApiServer],
})
export class NodeApiModule {}
