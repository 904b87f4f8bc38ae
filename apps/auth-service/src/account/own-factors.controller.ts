import { Body, Controller, Delete, Get, Header, Inject, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import {
  type ConfirmTotpRequest,
  confirmTotpRequest,
  type FactorsView,
  factorsView,
  type RecoveryCodesView,
  recoveryCodesView,
  type TotpEnrolment,
  totpEnrolment,
} from '../factors/factors.schemas.ts'
import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { OwnFactorsService } from './own-factors.service.ts'

/** The own authenticator app and recovery codes. */
@ApiTags('second factors')
@Controller('api/v1/me')
export class OwnFactorsController {
  readonly #sessions: PortalSessions
  readonly #factors: OwnFactorsService

  constructor(@Inject(PortalSessions) sessions: PortalSessions, @Inject(OwnFactorsService) factors: OwnFactorsService) {
    this.#sessions = sessions
    this.#factors = factors
  }

  @Get('factors')
  @Access('self.read', { despite: ['factor-enrolment'] })
  @Contract({ summary: 'Tells which second factors you have, and which you need', response: factorsView })
  show(@CurrentActor() actor: Actor): Promise<FactorsView> {
    return this.#factors.show(actor)
  }

  @Post('totp')
  @Access('self.write', { despite: ['factor-enrolment'], tokens: 'refused' })
  @Header('cache-control', 'no-store')
  @Contract({
    summary:
      'Makes a secret for an authenticator app, or shows the one begun in this session; ' +
      'needs a recent sign-in when you have a second factor',
    response: totpEnrolment,
  })
  async beginTotp(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<TotpEnrolment> {
    if (await this.#factors.hasFactor(actor)) this.#sessions.demandRecentAuthentication(request)
    const { enrolment, name } = await this.#factors.beginTotp(actor, this.#sessions.pendingTotp(request))
    this.#sessions.notePendingTotp(request, name)
    return enrolment
  }

  @Post('totp/confirm')
  @Access('self.write', { despite: ['factor-enrolment'], tokens: 'refused' })
  @Contract({
    summary: 'Confirms the authenticator app with its first code',
    body: confirmTotpRequest,
    status: 204,
    examples: { body: { code: '492039' } },
  })
  async confirmTotp(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(confirmTotpRequest)) { code }: ConfirmTotpRequest,
  ): Promise<void> {
    if (await this.#factors.hasFactor(actor)) this.#sessions.demandRecentAuthentication(request)
    await this.#factors.confirmTotp(actor, this.#sessions.pendingTotp(request), request.ip, code)
    this.#sessions.noteFactor(request, 'totp')
  }

  @Delete('totp')
  @Access('self.write', { tokens: 'refused' })
  @Contract({ summary: 'Removes the authenticator app; needs a recent sign-in', status: 204 })
  async removeTotp(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<void> {
    this.#sessions.demandRecentAuthentication(request)
    await this.#factors.removeTotp(actor)
  }

  @Post('recovery-codes')
  @Access('self.write', { tokens: 'refused' })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Makes ten recovery codes in place of those before; needs a recent sign-in',
    response: recoveryCodesView,
    examples: { response: { codes: ['7k2m-x9qd-40ht', 'qf3c-81zn-d6ey'] } },
  })
  async makeRecoveryCodes(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<RecoveryCodesView> {
    const codes = await this.#factors.makeRecoveryCodes(actor, (isFirstSet) => {
      // Who has just enrolled the first factor is not asked for everything again.
      if (!isFirstSet || !this.#sessions.gaveFactorRecently(request)) this.#sessions.demandRecentAuthentication(request)
    })
    return { codes: [...codes] }
  }
}
