import { Module } from '@nestjs/common'

import { HandshakeKeysModule } from '../handshake-keys/handshake-keys.module.ts'
import { LinksModule } from '../links/links.module.ts'
import { NetworksModule } from '../networks/networks.module.ts'
import { OrdersModule } from '../node-api/orders.module.ts'
import { PolicyModule } from '../policy/policy.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { UsersModule } from '../users/users.module.ts'
import { DeviceAccess } from './device-access.ts'
import { DeviceCertificates } from './device-certificates.ts'
import { DeviceEnrolment } from './device-enrolment.ts'
import { DeviceRenewal } from './device-renewal.ts'
import { DevicesController } from './devices.controller.ts'
import { DevicesRepository } from './devices.repository.ts'
import { DevicesService } from './devices.service.ts'
import { ExpiredProfiles } from './expired-profiles.ts'
import { ImportLinksController } from './import-links.controller.ts'
import { ImportLinks } from './import-links.ts'
import { ProfileWriter } from './profile-writer.ts'
import { RenewalTimes } from './renewal-times.ts'
import { RenewedCertificates } from './renewed-certificates.ts'

/** Devices with their certificates and profiles. */
@Module({
  imports: [HandshakeKeysModule, LinksModule, NetworksModule, OrdersModule, PolicyModule, TenantsModule, UsersModule],
  controllers: [DevicesController, ImportLinksController],
  providers: [
    DevicesService,
    DevicesRepository,
    DeviceAccess,
    DeviceCertificates,
    DeviceEnrolment,
    DeviceRenewal,
    ExpiredProfiles,
    ImportLinks,
    ProfileWriter,
    RenewalTimes,
    RenewedCertificates,
  ],
  exports: [DeviceEnrolment, DevicesRepository, RenewedCertificates],
})
export class DevicesModule {}
