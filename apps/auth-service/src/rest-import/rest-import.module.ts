import { Module } from '@nestjs/common'

import { DevicesModule } from '../devices/devices.module.ts'
import { SignInModule } from '../sign-in/sign-in.module.ts'
import { TenantsModule } from '../tenants/tenants.module.ts'
import { RestImportController } from './rest-import.controller.ts'
import { RestImport } from './rest-import.service.ts'

/** Import of profiles by OpenVPN Connect. */
@Module({
  imports: [DevicesModule, SignInModule, TenantsModule],
  controllers: [RestImportController],
  providers: [RestImport],
})
export class RestImportModule {}
