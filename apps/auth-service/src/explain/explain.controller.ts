import { Controller, Get, Inject, Param } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe } from '../http/zod-validation.pipe.ts'
import { type AttemptsView, attemptsView } from './explain.schemas.ts'
import { ExplainService } from './explain.service.ts'

@ApiTags('explain')
@Controller('api/v1')
@Access('users.read')
export class ExplainController {
  readonly #explain: ExplainService

  constructor(@Inject(ExplainService) explain: ExplainService) {
    this.#explain = explain
  }

  @Get('users/:id/attempts')
  @Contract({
    summary: 'Tells why a user could or could not sign in or connect: the last 20 attempts with every check',
    response: attemptsView,
  })
  ofUser(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<AttemptsView> {
    return this.#explain.attempts(actor.tenantId, id)
  }

  @Get('me/attempts')
  @Access('self.read')
  @Contract({ summary: 'The same for whoever asks', response: attemptsView })
  own(@CurrentActor() actor: Actor): Promise<AttemptsView> {
    return this.#explain.attempts(actor.tenantId, actor.userId)
  }
}
