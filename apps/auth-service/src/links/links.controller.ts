import { Body, Controller, Get, Header, Inject, Param, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChoosePasswordRequest,
  choosePasswordRequest,
  type LinkView,
  linkView,
  type PasswordResetAnswer,
  passwordResetAnswer,
  type PasswordResetRequest,
  passwordResetRequest,
  type PasswordResetWays,
  passwordResetWays,
} from './links.schemas.ts'
import { LinksService } from './links.service.ts'
import { PasswordReset } from './password-reset.ts'

const ASKED = 'If there is such an account and it has a mail address, a link is on its way to it.'

@ApiTags('links')
@Controller('api/v1')
@Access('public')
export class LinksController {
  readonly #links: LinksService
  readonly #reset: PasswordReset

  constructor(@Inject(LinksService) links: LinksService, @Inject(PasswordReset) reset: PasswordReset) {
    this.#links = links
    this.#reset = reset
  }

  @Get('password-reset')
  @Contract({
    summary: 'Tells whether links are mailed to people who forgot their password; the same for everybody',
    response: passwordResetWays,
  })
  resetWays(): PasswordResetWays {
    return { byMail: this.#reset.isMailed }
  }

  @Post('password-reset')
  @Contract({
    summary:
      'Mails a link to somebody who forgot their password; the answer is the same for accounts that do not exist',
    body: passwordResetRequest,
    status: 202,
    response: passwordResetAnswer,
  })
  askForReset(
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(passwordResetRequest)) body: PasswordResetRequest,
  ): PasswordResetAnswer {
    this.#reset.ask(body, request.ip)
    return { message: ASKED }
  }

  @Get('links/:token')
  @Header('cache-control', 'no-store')
  @Header('referrer-policy', 'no-referrer')
  @Contract({
    summary: 'Tells what a one-time link is for, without using it up',
    description:
      'A link that was used (`link-used`) or has expired (`link-expired`) answers 410; any other that does not work 404 ' +
      '(`link-unknown`). One for a profile gives it at GET /profiles/{token}.',
    response: linkView,
  })
  view(@Param('token') token: string): Promise<LinkView> {
    return this.#links.view(token)
  }

  @Post('links/:token')
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Sets the password of an invited user, or a new one',
    description:
      'Starts no session: the user signs in with the password, and gives a second factor where the policy wants one.',
    body: choosePasswordRequest,
    status: 204,
  })
  choosePassword(
    @Param('token') token: string,
    @Body(new ZodValidationPipe(choosePasswordRequest)) body: ChoosePasswordRequest,
  ): Promise<void> {
    return this.#links.choosePassword(token, body.password)
  }
}
