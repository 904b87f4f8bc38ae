import type { Readable } from 'node:stream'

import { Controller, Get, Header, Inject, Req } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { EventsService } from './events.service.ts'
import { TOPICS } from './topics.ts'

const EXAMPLE = 'retry: 2000\n\nevent: changed\ndata: {"topics":["connections","overview"]}\n\n'

/** What tells a page that something changed. */
@ApiTags('events')
@Controller('api/v1/events')
export class EventsController {
  readonly #events: EventsService

  constructor(@Inject(EventsService) events: EventsService) {
    this.#events = events
  }

  @Get()
  @Access('self.read', { despite: ['password-change', 'factor-enrolment'], tokens: 'refused' })
  @Header('content-type', 'text/event-stream')
  @Header('cache-control', 'no-cache, no-transform')
  @Header('x-accel-buffering', 'no')
  @Contract({
    summary: 'Tells that something changed, by server-sent events, as long as the session lasts',
    description:
      'An event `changed` names topics in `{"topics":[…]}`, never what changed: ask for what you show. It comes at most ' +
      'twice a second, within a second of the change, with what the caller may see of: ' +
      `${TOPICS.join(', ')}. Ask for everything anew after each connection: what happened in between is not told. ` +
      'An event `session-ended` comes before the end when the session is over or goes on under another name: GET ' +
      '/api/v1/me tells which. A session has four streams at most, a user twenty; one more ends the oldest. 503 ' +
      '`too-many-streams` and `too-many-streams-of-tenant` say that there is no room: look at everything anew instead, ' +
      'and try again after the time in Retry-After.',
    response: z.string(),
    produces: 'text/event-stream',
    examples: { response: EXAMPLE },
  })
  open(@CurrentActor() actor: Actor, @Req() request: FastifyRequest): Promise<Readable | string> {
    return this.#events.open(actor, request)
  }
}
