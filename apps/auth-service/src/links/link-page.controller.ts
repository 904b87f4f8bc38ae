import { Body, Controller, Get, Inject, Param, Post, Req, Res } from '@nestjs/common'
import { ApiExcludeController } from '@nestjs/swagger'
import type { Logger } from '@sallyport/telemetry'
import type { FastifyReply, FastifyRequest } from 'fastify'

import { Access } from '../http/access.ts'
import { toApiError } from '../http/api-error.ts'
import { notFound } from '../http/api-problem.ts'
import { PAGE_HEADERS, sentencePage } from '../http/html-page.ts'
import { refuseForeignOrigin } from '../http/same-origin.ts'
import { parseInput } from '../http/zod-validation.pipe.ts'
import type { Settings } from '../runtime/settings.ts'
import { LOGGER, SETTINGS } from '../runtime/tokens.ts'
import { choosePasswordPage, type LinkOwner } from './link-page.ts'
import { choosePasswordForm } from './links.schemas.ts'
import { LinksService } from './links.service.ts'

/** The page behind a link of an invitation or for a new password: works without scripts. */
@ApiExcludeController()
@Controller('link/:token')
@Access('public')
export class LinkPageController {
  readonly #links: LinksService
  readonly #settings: Settings
  readonly #log: Logger

  constructor(
    @Inject(LinksService) links: LinksService,
    @Inject(SETTINGS) settings: Settings,
    @Inject(LOGGER) log: Logger,
  ) {
    this.#links = links
    this.#settings = settings
    this.#log = log
  }

  /** Does not use the link up: mail programs look at what is behind links. */
  @Get()
  show(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    return this.#answer(reply, async () => choosePasswordPage(await this.#ownerOf(token)))
  }

  @Post()
  choose(
    @Param('token') token: string,
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.#answer(reply, async () => {
      refuseForeignOrigin(request.headers, this.#settings.AUTH_PUBLIC_URL)
      const owner = await this.#ownerOf(token)
      try {
        const { password, again } = parseInput(choosePasswordForm, body)
        if (password !== again) {
          void reply.status(400)
          return choosePasswordPage(owner, 'The two passwords differ. Please type the same one twice.')
        }
        await this.#links.choosePassword(token, password)
      } catch (error) {
        const refusal = toApiError(error, this.#log)
        void reply.status(refusal.status)
        return choosePasswordPage(owner, refusal.body.message)
      }
      const { username, tenant } = owner
      return sentencePage(
        'Password chosen',
        `You can sign in with it now, as ${username} of the organisation ${tenant.slug}. Connections that were open have ended.`,
      )
    })
  }

  async #ownerOf(token: string): Promise<LinkOwner> {
    const { purpose, tenant, username } = await this.#links.view(token)
    if (purpose === 'profile') throw notFound('link for a password')
    return { path: `/link/${token}`, tenant, username }
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
