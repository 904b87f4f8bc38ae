import { Module } from '@nestjs/common'

import { OrdersModule } from '../node-api/orders.module.ts'
import { PlatformController } from './platform.controller.ts'
import { PlatformService } from './platform.service.ts'
import { PlatformAudit } from './platform-audit.ts'
import { ServicesRepository } from './services.repository.ts'

/** The operator's view: join tokens and enrolled services. */
@Module({
  imports: [OrdersModule],
  controllers: [PlatformController],
  providers: [PlatformAudit, PlatformService, ServicesRepository],
  exports: [PlatformAudit, ServicesRepository],
})
export class PlatformModule {}
