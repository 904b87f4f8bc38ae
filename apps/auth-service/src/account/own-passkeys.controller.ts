import { Body, Controller, Delete, Get, Header, Inject, Param, Patch, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

import {
  type AddPasskeyRequest,
  addPasskeyRequest,
  type PasskeyCreationOptions,
  passkeyCreationOptions,
  type PasskeyView,
  passkeyView,
  type RenamePasskeyRequest,
  renamePasskeyRequest,
} from '../factors/passkey.schemas.ts'
import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { OwnFactorsService } from './own-factors.service.ts'
import { OwnPasskeysService } from './own-passkeys.service.ts'

/** The own passkeys. */
@ApiTags('second factors')
@Controller('api/v1/me/passkeys')
export class OwnPasskeysController {
  readonly #sessions: PortalSessions
  readonly #factors: OwnFactorsService
  readonly #passkeys: OwnPasskeysService

  constructor(
    @Inject(PortalSessions) sessions: PortalSessions,
    @Inject(OwnFactorsService) factors: OwnFactorsService,
    @Inject(OwnPasskeysService) passkeys: OwnPasskeysService,
  ) {
    this.#sessions = sessions
    this.#factors = factors
    this.#passkeys = passkeys
  }

  @Get()
  @Access('self.read', { despite: ['factor-enrolment'] })
  @Contract({ summary: 'Lists your passkeys', response: z.array(passkeyView) })
  list(@CurrentActor() actor: Actor): Promise<PasskeyView[]> {
    return this.#passkeys.list(actor)
  }

  @Post('options')
  @Access('self.write', { despite: ['factor-enrolment'], tokens: 'refused' })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Begins to add a passkey: what a browser needs to make one; needs a recent sign-in when you have a factor',
    response: passkeyCreationOptions,
  })
  async begin(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<PasskeyCreationOptions> {
    if (await this.#factors.hasFactor(actor)) this.#sessions.demandRecentAuthentication(request)
    return this.#passkeys.begin(actor)
  }

  @Post()
  @Access('self.write', { despite: ['factor-enrolment'], tokens: 'refused' })
  @Contract({
    summary: 'Adds the passkey that a browser made',
    body: addPasskeyRequest,
    status: 201,
    response: passkeyView,
  })
  async add(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Body(new ZodValidationPipe(addPasskeyRequest)) body: AddPasskeyRequest,
  ): Promise<PasskeyView> {
    if (await this.#factors.hasFactor(actor)) this.#sessions.demandRecentAuthentication(request)
    const added = await this.#passkeys.add(actor, body)
    this.#sessions.noteFactor(request, 'passkey')
    return added
  }

  @Patch(':id')
  @Access('self.write', { tokens: 'refused' })
  @Contract({ summary: 'Gives a passkey another name', body: renamePasskeyRequest, response: passkeyView })
  rename(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(renamePasskeyRequest)) { name }: RenamePasskeyRequest,
  ): Promise<PasskeyView> {
    return this.#passkeys.rename(actor, id, name)
  }

  @Delete(':id')
  @Access('self.write', { tokens: 'refused' })
  @Contract({ summary: 'Removes a passkey; needs a recent sign-in', status: 204 })
  async remove(
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
    @Param('id', IdPipe) id: string,
  ): Promise<void> {
    this.#sessions.demandRecentAuthentication(request)
    await this.#passkeys.remove(actor, id)
  }
}
