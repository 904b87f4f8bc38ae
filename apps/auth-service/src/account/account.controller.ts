import { Body, Controller, Get, Header, Inject, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import {
  type ChangePasswordRequest,
  changePasswordRequest,
  type MeView,
  meView,
  type ReauthenticateOptions,
  reauthenticateOptions,
  type ReauthenticateRequest,
  reauthenticateRequest,
} from './account.schemas.ts'
import { AccountService } from './account.service.ts'

/** The own account. */
@ApiTags('account')
@Controller('api/v1/me')
export class AccountController {
  readonly #sessions: PortalSessions
  readonly #account: AccountService

  constructor(@Inject(PortalSessions) sessions: PortalSessions, @Inject(AccountService) account: AccountService) {
    this.#sessions = sessions
    this.#account = account
  }

  @Get()
  @Access('self.read', { despite: ['password-change', 'factor-enrolment'] })
  @Contract({ summary: 'Tells who is signed in', response: meView })
  me(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<MeView> {
    return this.#account.me(actor, this.#sessions.endOf(request))
  }

  @Post('password')
  @Access('self.write', { despite: ['password-change', 'factor-enrolment'], tokens: 'refused' })
  @Contract({
    summary: 'Changes the own password; ends the other sessions and the VPN connections',
    body: changePasswordRequest,
    status: 204,
  })
  async changePassword(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(changePasswordRequest)) body: ChangePasswordRequest,
  ): Promise<void> {
    const user = await this.#account.changePassword(actor, request.ip, body)
    await this.#sessions.goOn(request, user)
  }

  @Post('reauthenticate/options')
  @Access('self.write', { tokens: 'refused' })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Tells what has to be given to prove again who you are',
    response: reauthenticateOptions,
    examples: { response: { methods: ['totp', 'recovery-code'] } },
  })
  beginReauthentication(@CurrentActor() actor: Actor): Promise<ReauthenticateOptions> {
    return this.#account.beginReauthentication(actor)
  }

  @Post('reauthenticate')
  @Access('self.write', { tokens: 'refused' })
  @Contract({
    summary: 'Proves again who you are: for five minutes, what needs it is open',
    body: reauthenticateRequest,
    status: 204,
    examples: { body: { password: 'violet harbour under 41 lamps', factor: { method: 'totp', code: '492039' } } },
  })
  async reauthenticate(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(reauthenticateRequest)) body: ReauthenticateRequest,
  ): Promise<void> {
    const factor = await this.#account.reauthenticate(actor, request.ip, body)
    if (factor !== undefined) this.#sessions.noteFactor(request, factor)
    this.#sessions.noteAuthentication(request)
  }

  @Post('sign-out-everywhere')
  @Access('self.write', { tokens: 'refused' })
  @Contract({ summary: 'Ends all own sessions, this one too, and all own VPN connections', status: 204 })
  async signOutEverywhere(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<void> {
    await this.#account.signOutEverywhere(actor)
    await this.#sessions.end(request)
  }
}
