import { Body, Controller, Delete, Get, Header, Inject, Param, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import {
  type ApiTokenView,
  apiTokenView,
  type CreateApiTokenRequest,
  createApiTokenRequest,
  type CreatedApiToken,
  createdApiToken,
} from './api-tokens.schemas.ts'
import { ApiTokensService } from './api-tokens.service.ts'

/** What everybody does with their own API tokens. */
@ApiTags('api-tokens')
@Controller('api/v1/me/api-tokens')
@Access('self.write')
export class OwnApiTokensController {
  readonly #tokens: ApiTokensService
  readonly #sessions: PortalSessions

  constructor(@Inject(ApiTokensService) tokens: ApiTokensService, @Inject(PortalSessions) sessions: PortalSessions) {
    this.#tokens = tokens
    this.#sessions = sessions
  }

  @Get()
  @Access('self.read')
  @Contract({ summary: 'Lists the own API tokens', response: z.array(apiTokenView) })
  list(@CurrentActor() actor: Actor): Promise<ApiTokenView[]> {
    return this.#tokens.listOwn(actor)
  }

  @Post()
  @Access('self.write', { tokens: 'refused' })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Makes an API token',
    description:
      'The token is shown once. It can do what both its scopes and the present role of its owner allow, until it ' +
      'expires, is revoked, or the sessions of its owner are ended. Needs a sign-in of the last five minutes.',
    status: 201,
    response: createdApiToken,
  })
  create(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(createApiTokenRequest)) body: CreateApiTokenRequest,
  ): Promise<CreatedApiToken> {
    this.#sessions.demandRecentAuthentication(request)
    return this.#tokens.create(actor, body)
  }

  @Delete(':id')
  @Contract({ summary: 'Revokes an own API token', description: 'A token may revoke itself.', status: 204 })
  revoke(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#tokens.revokeOwn(actor, id)
  }
}
