import { Controller, Delete, Get, Inject, Param, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { ownSessionList, type OwnSessionView, sessionId } from './account.schemas.ts'
import { OwnSessionsService } from './own-sessions.service.ts'

/** The own sessions at the portal. */
@ApiTags('account')
@Controller('api/v1/me/sessions')
export class OwnSessionsController {
  readonly #sessions: OwnSessionsService

  constructor(@Inject(OwnSessionsService) sessions: OwnSessionsService) {
    this.#sessions = sessions
  }

  @Get()
  @Access('self.read')
  @Contract({
    summary: 'Lists your sessions at the portal, the one that was used last first',
    response: ownSessionList,
  })
  list(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<OwnSessionView[]> {
    return this.#sessions.list(actor, request)
  }

  @Delete(':sessionId')
  @Access('self.write', { tokens: 'refused' })
  @Contract({ summary: 'Ends one of your sessions at the portal', status: 204 })
  end(@CurrentActor() actor: Actor, @Param('sessionId', new ZodValidationPipe(sessionId)) name: string): Promise<void> {
    return this.#sessions.end(actor, name)
  }
}
