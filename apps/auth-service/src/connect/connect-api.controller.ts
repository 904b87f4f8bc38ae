import { Controller, Inject, Param, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import { refuseForeignOrigin } from '../http/same-origin.ts'
import type { Settings } from '../runtime/settings.ts'
import { SETTINGS } from '../runtime/tokens.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { ConnectService } from './connect.service.ts'

/** The same answer for whoever is no page. */
@ApiTags('connect')
@Controller('api/v1/connect')
@Access('self.write', { tokens: 'refused' })
export class ConnectApiController {
  readonly #connect: ConnectService
  readonly #sessions: PortalSessions
  readonly #settings: Settings

  constructor(
    @Inject(ConnectService) connect: ConnectService,
    @Inject(PortalSessions) sessions: PortalSessions,
    @Inject(SETTINGS) settings: Settings,
  ) {
    this.#connect = connect
    this.#sessions = sessions
    this.#settings = settings
  }

  @Post(':state/approve')
  @Contract({ summary: 'Approves a connection of yours that waits for your second factor', status: 204 })
  async approve(@Param('state') state: string, @Req() request: FastifyRequest): Promise<void> {
    refuseForeignOrigin(request.headers, this.#settings.AUTH_PUBLIC_URL)
    const person = await this.#sessions.personOf(request)
    if (person === undefined) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    await this.#connect.approve(state, person)
  }
}
