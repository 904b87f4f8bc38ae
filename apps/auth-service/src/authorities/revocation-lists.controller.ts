import { Controller, Get, Header, Inject, Param } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'
import { uuid } from '@sallyport/contracts'
import { z } from 'zod'

import { Access } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import { RevocationLists } from './revocation-lists.ts'

const SUFFIX = '.crl'
const MEDIA_TYPE = 'application/pkix-crl'

/** Where others who check device certificates find what is revoked (RFC 5280 §4.2.1.13, RFC 2585 §4.2). */
@ApiTags('authorities')
@Controller('crl')
@Access('public')
export class RevocationListsController {
  readonly #lists: RevocationLists

  constructor(@Inject(RevocationLists) lists: RevocationLists) {
    this.#lists = lists
  }

  @Get(':tenantSlug/:file')
  @Header('content-type', MEDIA_TYPE)
  @Header('cache-control', 'public, max-age=60')
  @Contract({
    summary: 'Gives the revoked certificates of an authority (`<authority id>.crl`), good for 24 hours',
    response: z.string(),
    produces: MEDIA_TYPE,
  })
  async list(@Param('tenantSlug') tenantSlug: string, @Param('file') file: string): Promise<Uint8Array> {
    const authorityId = uuid.safeParse(file.endsWith(SUFFIX) ? file.slice(0, -SUFFIX.length) : undefined)
    const list = authorityId.success ? await this.#lists.of(tenantSlug, authorityId.data) : undefined
    if (list === undefined) throw notFound('list')
    return Buffer.from(list)
  }
}
