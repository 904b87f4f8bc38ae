import type { Readable } from 'node:stream'

import { Inject, Injectable } from '@nestjs/common'
import type { FastifyRequest } from 'fastify'

import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { SessionIndex } from '../sign-in/session-index.ts'
import { EventWatch } from './event-watch.ts'

/** Opens streams of events for people who are signed in. */
@Injectable()
export class EventsService {
  readonly #index: SessionIndex
  readonly #watch: EventWatch

  constructor(@Inject(SessionIndex) index: SessionIndex, @Inject(EventWatch) watch: EventWatch) {
    this.#index = index
    this.#watch = watch
  }

  /** Throws the 401 when the session ended while it was asked for, and the 503 when there are too many streams. */
  async open({ tenantId, userId }: Actor, request: FastifyRequest): Promise<Readable | string> {
    // A head without a body: nobody would ever close what it opened.
    if (request.method === 'HEAD') return ''
    const sessionName = this.#index.nameOf(request)
    const owner = sessionName === undefined ? undefined : { sessionName, tenantId, userId, address: request.ip }
    const stream = owner === undefined ? undefined : await this.#watch.open(owner)
    if (stream === undefined) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
    return stream.readable
  }
}
