import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import type { Logger } from '@sallyport/telemetry'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { Access } from '../http/access.ts'
import { toApiError } from '../http/api-error.ts'
import { PAGE_HEADERS, sentencePage } from '../http/html-page.ts'
import { refuseForeignOrigin } from '../http/same-origin.ts'
import { parseInput } from '../http/zod-validation.pipe.ts'
import type { Settings } from '../runtime/settings.ts'
import { LOGGER, SETTINGS } from '../runtime/tokens.ts'
import { PortalSessions } from '../sign-in/portal-sessions.ts'
import { connectSignIn } from './connect.schemas.ts'
import { ConnectService } from './connect.service.ts'
import { approvalPage, signInPage } from './connect-page.ts'

/** The page behind a link of WEB_AUTH: works without scripts, in whatever browser the client opens. */
@ApiExcludeController()
@Controller('connect/:state')
@Access('public')
export class ConnectPageController {
  readonly #connect: ConnectService
  readonly #sessions: PortalSessions
  readonly #settings: Settings
  readonly #log: Logger

  constructor(
    @Inject(ConnectService) connect: ConnectService,
    @Inject(PortalSessions) sessions: PortalSessions,
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#connect = connect
    this.#sessions = sessions
    this.#settings = settings
    this.#log = log
  }

  @Get()
  show(@Param('state') state: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(reply, async () => {
      const waiting = await this.#connect.waiting(state)
      const person = await this.#sessions.personOf(request)
      if (person === undefined) return signInPage(waiting)
      const problem = await this.#connect.problemOf(state, person)
      return problem === undefined ? approvalPage(waiting, person.actor.username) : signInPage(waiting, problem.message)
    })
  }

  @Post('sign-in')
  signIn(
    @Param('state') state: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(reply, async () => {
      refuseForeignOrigin(request.headers, this.#settings.AUTH_PUBLIC_URL)
      const waiting = await this.#connect.waiting(state)
      try {
        const { user, factor } = await this.#connect.signIn(state, parseInput(connectSignIn, body), request.ip)
        await this.#sessions.start(request, user, factor)
      } catch (error) {
        const refusal = toApiError(error, this.#log)
        void reply.status(refusal.status)
        return signInPage(waiting, refusal.body.message)
      }
      // Shown anew by GET, so that neither a reload nor the way back sends the password again.
      void reply.status(303).header('location', waiting.path)
      return sentencePage('Signed in', 'You are signed in.')
    })
  }

  @Post('approve')
  approve(@Param('state') state: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(reply, async () => {
      refuseForeignOrigin(request.headers, this.#settings.AUTH_PUBLIC_URL)
      const waiting = await this.#connect.waiting(state)
      const person = await this.#sessions.personOf(request)
      if (person === undefined) {
        void reply.status(401)
        return signInPage(waiting, 'Please sign in.')
      }
      await this.#connect.approve(state, person)
      return sentencePage('Connected', 'Thank you. Your connection goes on; you can close this page.')
    })
  }

  /** Sends a page, also for what went wrong: a person reads it. */
  async #answer(reply: FastifyReply, write: () => Promise<string>): Promise<void> {
    void reply.status(200).headers(PAGE_HEADERS)
    try {
      await reply.send(await write())
    } catch (error) {
      const { status, body } = toApiError(error, this.#log)
      await reply.status(status).send(sentencePage('This did not work', body.message))
    }
  }
}
