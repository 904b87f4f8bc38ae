import { Body, Controller, Get, Header, Inject, Post, Req, UseGuards } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { User } from '@sallyport/database'
import type { FastifyRequest } from 'fastify'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { AccountService } from './account.service.ts'
import { LocalSignInGuard } from './local.strategy.ts'
import { PortalSessions } from './portal-sessions.ts'
import {
  type ChangePasswordRequest,
  changePasswordRequest,
  type ConfirmTotpRequest,
  confirmTotpRequest,
  type MeView,
  meView,
  type SignedInView,
  signedInView,
  signInRequest,
  type TotpEnrolment,
  totpEnrolment,
} from './sign-in.schemas.ts'
import { needsCode, signedInViewOf } from './sign-in.service.ts'

@ApiTags('sign-in')
@Controller('api/v1')
export class SignInController {
  readonly #sessions: PortalSessions
  readonly #account: AccountService

  constructor(@Inject(PortalSessions) sessions: PortalSessions, @Inject(AccountService) account: AccountService) {
    this.#sessions = sessions
    this.#account = account
  }

  @Post('sign-in')
  @Access('public')
  @UseGuards(LocalSignInGuard)
  @Header('cache-control', 'no-store')
  @Contract({ summary: 'Signs in and starts a session', body: signInRequest, response: signedInView })
  async signIn(@Req() request: FastifyRequest & { user: User }): Promise<SignedInView> {
    await this.#sessions.start(request, request.user, needsCode(request.user))
    return signedInViewOf(request.user)
  }

  @Post('sign-out')
  @Access('self.read', { despite: ['password-change', 'factor-enrolment'] })
  @Contract({ summary: 'Ends the session', status: 204 })
  async signOut(@Req() request: FastifyRequest): Promise<void> {
    await this.#sessions.end(request)
  }

  @Get('me')
  @Access('self.read', { despite: ['password-change', 'factor-enrolment'] })
  @Contract({ summary: 'Tells who is signed in', response: meView })
  me(@CurrentActor() actor: Actor): Promise<MeView> {
    return this.#account.me(actor)
  }

  @Post('me/password')
  @Access('self.write', { despite: ['password-change', 'factor-enrolment'] })
  @Contract({ summary: 'Changes the own password', body: changePasswordRequest, status: 204 })
  async changePassword(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(changePasswordRequest)) body: ChangePasswordRequest,
  ): Promise<void> {
    const gaveCode = request.session.signedIn?.gaveCode === true
    const user = await this.#account.changePassword(actor, request.ip, body)
    await this.#sessions.start(request, user, gaveCode)
  }

  @Post('me/totp')
  @Access('self.write', { despite: ['factor-enrolment'] })
  @Header('cache-control', 'no-store')
  @Contract({ summary: 'Makes a secret for an authenticator app', response: totpEnrolment })
  beginTotp(@CurrentActor() actor: Actor): Promise<TotpEnrolment> {
    return this.#account.beginTotp(actor)
  }

  @Post('me/totp/confirm')
  @Access('self.write', { despite: ['factor-enrolment'] })
  @Contract({ summary: 'Confirms the authenticator app with its first code', body: confirmTotpRequest, status: 204 })
  confirmTotp(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(confirmTotpRequest)) body: ConfirmTotpRequest,
  ): Promise<void> {
    return this.#account.confirmTotp(actor, request.ip, body.code)
  }
}
