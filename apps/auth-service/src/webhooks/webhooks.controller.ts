import { Body, Controller, Delete, Get, Header, Inject, Param, Patch, Post, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangedWebhook,
  changedWebhook,
  type ChangeWebhookRequest,
  changeWebhookRequest,
  type CreatedWebhook,
  createdWebhook,
  type CreateWebhookRequest,
  createWebhookRequest,
  type ListWebhooksQuery,
  listWebhooksQuery,
  webhookPage,
  type WebhookTest,
  webhookTest,
  type WebhookView,
} from './webhooks.schemas.ts'
import { WebhooksService } from './webhooks.service.ts'

@ApiTags('webhooks')
@Controller('api/v1/webhooks')
@Access('webhooks.write')
export class WebhooksController {
  readonly #webhooks: WebhooksService

  constructor(@Inject(WebhooksService) webhooks: WebhooksService) {
    this.#webhooks = webhooks
  }

  @Get()
  @Access('webhooks.read')
  @Contract({ summary: 'Lists the webhooks of the tenant and how they do', response: webhookPage })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listWebhooksQuery)) query: ListWebhooksQuery,
  ): Promise<Page<WebhookView>> {
    return this.#webhooks.list(actor, query)
  }

  @Post()
  @Access('webhooks.write', { recent: true })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Creates a webhook that hears of everything from now on; its secret is shown only here',
    body: createWebhookRequest,
    status: 201,
    response: createdWebhook,
  })
  create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createWebhookRequest)) request: CreateWebhookRequest,
  ): Promise<CreatedWebhook> {
    return this.#webhooks.create(actor, request)
  }

  @Patch(':id')
  @Access('webhooks.write', { recent: true })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Changes a webhook, and lets one that failed try again at once',
    body: changeWebhookRequest,
    response: changedWebhook,
  })
  change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeWebhookRequest)) request: ChangeWebhookRequest,
  ): Promise<ChangedWebhook> {
    return this.#webhooks.change(actor, id, request)
  }

  @Delete(':id')
  @Contract({ summary: 'Deletes a webhook', status: 204 })
  remove(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#webhooks.remove(actor, id)
  }

  @Post(':id/test')
  @Contract({ summary: 'Sends an event that did not happen, once, and says what became of it', response: webhookTest })
  test(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<WebhookTest> {
    return this.#webhooks.test(actor, id)
  }
}
