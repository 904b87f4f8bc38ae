import { Module } from '@nestjs/common'

import { AuditModule } from '../audit/audit.module.ts'
import { WebhookCourier } from './webhook-courier.ts'
import { WebhookSender } from './webhook-sender.ts'
import { WebhookTarget } from './webhook-target.ts'
import { WebhooksController } from './webhooks.controller.ts'
import { WebhooksRepository } from './webhooks.repository.ts'
import { WebhooksService } from './webhooks.service.ts'

/** Tells other systems what happens in a tenant. */
@Module({
  imports: [AuditModule],
  controllers: [WebhooksController],
  providers: [WebhooksService, WebhooksRepository, WebhookTarget, WebhookSender, WebhookCourier],
})
export class WebhooksModule {}
