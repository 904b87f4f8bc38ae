import { Module } from '@nestjs/common'

import { AuditController } from './audit.controller.ts'
import { AuditRepository } from './audit.repository.ts'
import { AuditService } from './audit.service.ts'
import { ChainReader } from './chain-reader.ts'

/** The audit log as administrators and auditors see it; what writes it is `recordAudit`. */
@Module({
  controllers: [AuditController],
  providers: [AuditService, AuditRepository, ChainReader],
  exports: [AuditRepository],
})
export class AuditModule {}
