import { Controller, Inject, Param, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe } from '../http/zod-validation.pipe.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { type ExtensionView, extensionView } from './extension.schemas.ts'
import { ExtensionService } from './extension.service.ts'

/** Lets people go on working when their login is about to end. */
@ApiTags('me')
@Controller('api/v1/me/connections')
export class ExtensionController {
  readonly #sessions: PortalSessions
  readonly #extension: ExtensionService

  constructor(@Inject(PortalSessions) sessions: PortalSessions, @Inject(ExtensionService) extension: ExtensionService) {
    this.#sessions = sessions
    this.#extension = extension
  }

  @Post(':id/extend')
  @Access('self.write', { tokens: 'refused' })
  @Contract({
    summary: 'Begins the login of an own live connection anew; needs a recent sign-in',
    description:
      'The tunnel stays. It needs the password and, where the policy asks for one, a second factor of the last five minutes in this session: `reauthentication-required` says that they are due. The policy decides as about a new connection of the same device, and the code of a refusal is its reason. The login may end no later than before, where rules make all end at one time.',
    response: extensionView,
  })
  extend(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Req() request: FastifyRequest,
  ): Promise<ExtensionView> {
    this.#sessions.demandRecentAuthentication(request)
    return this.#extension.extend(actor, id, this.#sessions.recentFactor(request))
  }
}
