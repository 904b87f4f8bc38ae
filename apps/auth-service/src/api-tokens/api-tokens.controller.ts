import { Controller, Delete, Get, Inject, Param, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ApiTokenOfUserView,
  apiTokenPage,
  type ListApiTokensQuery,
  listApiTokensQuery,
} from './api-tokens.schemas.ts'
import { ApiTokensService } from './api-tokens.service.ts'

/** What administrators do with the API tokens of all users. */
@ApiTags('api-tokens')
@Controller('api/v1/api-tokens')
export class ApiTokensController {
  readonly #tokens: ApiTokensService

  constructor(@Inject(ApiTokensService) tokens: ApiTokensService) {
    this.#tokens = tokens
  }

  @Get()
  @Access('tokens.read')
  @Contract({ summary: 'Lists the API tokens of all users that can still be used', response: apiTokenPage })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listApiTokensQuery)) query: ListApiTokensQuery,
  ): Promise<Page<ApiTokenOfUserView>> {
    return this.#tokens.list(actor, query)
  }

  @Delete(':id')
  @Access('tokens.write')
  @Contract({ summary: 'Revokes an API token of any user', status: 204 })
  revoke(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#tokens.revoke(actor, id)
  }
}
