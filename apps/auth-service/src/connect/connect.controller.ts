import { Controller, Get, Header, Inject, Param, Post, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'

import { Access } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import { type Person, PortalSessions } from '../sign-in/portal-sessions.ts'
import { type WaitingConnection, waitingConnection } from './connect.schemas.ts'
import { ConnectService } from './connect.service.ts'

/** What the page behind a link of WEB_AUTH shows, and what its buttons do. */
@ApiTags('connect')
@Controller('api/v1/connect')
export class ConnectController {
  readonly #connect: ConnectService
  readonly #sessions: PortalSessions

  constructor(@Inject(ConnectService) connect: ConnectService, @Inject(PortalSessions) sessions: PortalSessions) {
    this.#connect = connect
    this.#sessions = sessions
  }

  @Get(':state')
  @Access('public')
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Describes the connection that waits behind a link',
    description: 'A link that was used, or has expired after five minutes, answers 410.',
    response: waitingConnection,
  })
  show(@Param('state') state: string): Promise<WaitingConnection> {
    return this.#connect.waiting(state)
  }

  @Post(':state/approve')
  @Access('self.write', { tokens: 'refused' })
  @Contract({
    summary: 'Approves a connection of yours that waits for your second factor',
    description:
      'Needs a session in which a second factor was given in the last five minutes, at the sign-in or at ' +
      'POST /me/reauthenticate (else 403 `factor-required`), of the user whose connection it is (else 403 `other-user`).',
    status: 204,
  })
  async approve(@Param('state') state: string, @Req() request: FastifyRequest): Promise<void> {
    const person = await this.#personOf(request)
    // What was proven hours ago says nothing about who sits there now.
    await this.#connect.approve(state, { ...person, factor: this.#sessions.recentFactor(request) })
  }

  @Post(':state/decline')
  @Access('self.write', { tokens: 'refused' })
  @Contract({
    summary: 'Turns away a connection of yours that waits for your second factor, because it is not you who connects',
    description:
      'Uses the link up, and its client is told. Needs a session of the user whose connection it is (else 403 ' +
      '`other-user`), and no second factor.',
    status: 204,
  })
  async decline(@Param('state') state: string, @Req() request: FastifyRequest): Promise<void> {
    await this.#connect.decline(state, await this.#personOf(request))
  }

  async #personOf(request: FastifyRequest): Promise<Person> {
    const person = await this.#sessions.personOf(request)
    if (person === undefined) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    return person
  }
}
