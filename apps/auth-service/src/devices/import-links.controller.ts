import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'

import { Access } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import { ImportLinks } from './import-links.ts'
import { isNavigation, isPreview } from './preview.ts'

/** The media type of profiles: OpenVPN Connect takes no other from a link. */
export const PROFILE_MEDIA_TYPE = 'application/x-openvpn-profile'

/** Gives the profiles of import links. */
@ApiTags('devices')
@Controller('api/v1/profiles')
@Access('public')
export class ImportLinksController {
  readonly #links: ImportLinks

  constructor(@Inject(ImportLinks) links: ImportLinks) {
    this.#links = links
  }

  @Get(':token')
  @Contract({
    summary: 'Gives the profile of an import link, once',
    description:
      'HEAD, requests marked as prefetch or preview, and the crawlers of messengers do not use the link up: they get no ' +
      'profile. Nor does a browser in which somebody opens it: it is sent (303) to the page of the portal that tells what ' +
      'the link is. A link that was used (`link-used`), has expired (`link-expired`), or whose profile was replaced by ' +
      'another (`link-replaced`), answers 410; any other that does not work 404 (`link-unknown`).',
    response: z.string(),
    produces: PROFILE_MEDIA_TYPE,
  })
  async fetch(
    @Param('token') token: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    void reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer')
    if (request.method === 'HEAD' || isPreview(request.headers)) {
      await this.#links.look(token)
      if (request.method !== 'HEAD') throw notForPreviews()
      void reply.header('content-type', PROFILE_MEDIA_TYPE)
      return ''
    }
    if (isNavigation(request.headers)) {
      void reply.status(303).header('location', this.#links.pageOf(token))
      return ''
    }
    const { profile, fileName } = await this.#links.fetch(token, request.ip)
    void reply
      .header('content-type', PROFILE_MEDIA_TYPE)
      .header('content-disposition', `attachment; filename="${fileName}"`)
    return profile
  }
}

function notForPreviews(): ApiProblem {
  const message = 'This link gives its profile once, so previews get nothing. Please open it in OpenVPN Connect.'
  return new ApiProblem(403, 'not-for-previews', message)
}
