import { Module } from '@nestjs/common'

import { TenantsModule } from '../tenants/tenants.module.ts'
import { BrandingController } from './branding.controller.ts'
import { BrandingService } from './branding.service.ts'

/** How tenants look. */
@Module({
  imports: [TenantsModule],
  controllers: [BrandingController],
  providers: [BrandingService],
  exports: [BrandingService],
})
export class BrandingModule {}
