import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, CurrentOperator, type PlatformActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type CreateJoinTokenRequest,
  createJoinTokenRequest,
  type JoinTokenView,
  joinTokenView,
  type ListServicesQuery,
  listServicesQuery,
  servicePage,
  type ServiceView,
} from './platform.schemas.ts'
import { PlatformService } from './platform.service.ts'

@ApiTags('platform')
@Controller('api/v1/platform')
@Access('platform.write')
export class PlatformController {
  readonly #platform: PlatformService

  constructor(@Inject(PlatformService) platform: PlatformService) {
    this.#platform = platform
  }

  @Post('join-tokens')
  @Access('platform.write', { recent: true })
  @Contract({
    summary: 'Makes a token with which one service enrols once',
    body: createJoinTokenRequest,
    status: 201,
    response: joinTokenView,
  })
  createJoinToken(
    @CurrentOperator() operator: PlatformActor,
    @Body(new ZodValidationPipe(createJoinTokenRequest)) request: CreateJoinTokenRequest,
  ): Promise<JoinTokenView> {
    return this.#platform.createJoinToken(operator, request)
  }

  @Get('services')
  @Access('platform.read')
  @Contract({ summary: 'Lists enrolled services, the oldest first', response: servicePage })
  services(@Query(new ZodValidationPipe(listServicesQuery)) query: ListServicesQuery): Promise<Page<ServiceView>> {
    return this.#platform.list(query)
  }

  @Post('services/:id/drain')
  @Contract({ summary: 'Asks a node to hand its clients over and take no new ones', status: 204 })
  drain(@CurrentOperator() operator: PlatformActor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#platform.drain(operator, id)
  }

  @Post('services/:id/resume')
  @Contract({ summary: 'Lets a drained node take clients again', status: 204 })
  resume(@CurrentOperator() operator: PlatformActor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#platform.resume(operator, id)
  }

  @Post('services/:id/revoke')
  @Access('platform.write', { recent: true })
  @Contract({ summary: 'Takes a service out of the cluster; its certificate is refused from then on', status: 204 })
  revoke(@CurrentOperator() operator: PlatformActor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#platform.revoke(operator, id)
  }
}
