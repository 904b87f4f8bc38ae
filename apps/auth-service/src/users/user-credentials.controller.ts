import { Body, Controller, Header, Inject, Param, Post } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { UserCredentialsService } from './user-credentials.service.ts'
import {
  type ResetPasswordRequest,
  resetPasswordRequest,
  type ResetPasswordResponse,
  resetPasswordResponse,
} from './users.schemas.ts'

@ApiTags('users')
@Controller('api/v1/users/:id')
@Access('users.write')
export class UserCredentialsController {
  readonly #credentials: UserCredentialsService

  constructor(@Inject(UserCredentialsService) credentials: UserCredentialsService) {
    this.#credentials = credentials
  }

  @Post('reset-password')
  @Access('users.write', { recent: true })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Ends the password of a user and gives them a one-time password, or a link to choose one',
    body: resetPasswordRequest,
    response: resetPasswordResponse,
  })
  resetPassword(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(resetPasswordRequest)) request: ResetPasswordRequest,
  ): Promise<ResetPasswordResponse> {
    return this.#credentials.resetPassword(actor, id, request)
  }

  @Post('reset-factors')
  @Access('users.write', { recent: true })
  @Contract({ summary: 'Takes the second factors of a user away, so that they enrol new ones', status: 204 })
  resetFactors(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#credentials.resetFactors(actor, id)
  }

  @Post('unlock')
  @Contract({ summary: 'Lets a user who must wait after wrong attempts try again at once', status: 204 })
  unlock(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#credentials.unlock(actor, id)
  }

  @Post('end-sessions')
  @Contract({ summary: 'Signs a user out everywhere and ends their connections', status: 204 })
  endSessions(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.#credentials.endSessions(actor, id)
  }
}
