import { Controller, Get, Header, Headers, Inject, Param, Res } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import type { FastifyReply } from 'fastify'
import { z } from 'zod'

import { Access } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type BrandingView, brandingView } from './branding.schemas.ts'
import { BrandingService } from './branding.service.ts'

const MEDIA_TYPE = 'image/png'
/** Nothing in an answer runs, loads or is framed, should a browser take it for something else than a picture. */
const CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox"

/** Any text may be asked for; what cannot be stored is refused before the database sees it. */
const SlugPipe = new ZodValidationPipe(z.string())

/** How tenants look, for pages that are shown before anybody signs in. */
@ApiTags('branding')
@Controller('api/v1/branding')
@Access('public')
export class BrandingController {
  readonly #branding: BrandingService

  constructor(@Inject(BrandingService) branding: BrandingService) {
    this.#branding = branding
  }

  @Get(':slug')
  @Header('cache-control', 'no-cache')
  @Contract({
    summary: 'Tells how a tenant looks',
    description: 'A tenant that does not exist looks like one that chose nothing.',
    response: brandingView,
  })
  get(@Param('slug', SlugPipe) slug: string): Promise<BrandingView> {
    return this.#branding.bySlug(slug)
  }

  @Get(':slug/logo')
  @Contract({ summary: 'Gives the logo of a tenant', response: z.string(), produces: MEDIA_TYPE })
  async logo(
    @Param('slug', SlugPipe) slug: string,
    @Headers('if-none-match') known: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const logo = await this.#branding.logoOf(slug)
    if (logo === undefined) throw notFound('logo')
    const tag = `"${logo.sha256}"`
    void reply.headers({
      'content-type': MEDIA_TYPE,
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'cache-control': 'public, max-age=3600',
      etag: tag,
    })
    if (isKnown(known, tag)) void reply.status(304).send()
    else void reply.send(Buffer.from(logo.file))
  }
}

/** Compares as RFC 9110 §13.1.2 says: weakly, and `*` is any. */
function isKnown(known: string | undefined, tag: string): boolean {
  const tags = (known ?? '').split(',').map((text) => text.trim().replace(/^W\//, ''))
  return tags.includes(tag) || tags.includes('*')
}
