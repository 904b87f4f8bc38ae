import { Controller, Get, Inject, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type ListPoolsQuery, listPoolsQuery, platformPoolPage, type PlatformPoolView } from './overview.schemas.ts'
import { PlatformOverviewService } from './platform-overview.service.ts'

@ApiTags('platform')
@Controller('api/v1/platform/pools')
export class PlatformPoolsController {
  readonly #overview: PlatformOverviewService

  constructor(@Inject(PlatformOverviewService) overview: PlatformOverviewService) {
    this.#overview = overview
  }

  @Get()
  @Access('platform.read')
  @Contract({
    summary: 'Lists the address pools of tenants that are not suspended, by tenant, then by name',
    response: platformPoolPage,
  })
  list(@Query(new ZodValidationPipe(listPoolsQuery)) query: ListPoolsQuery): Promise<Page<PlatformPoolView>> {
    return this.#overview.pools(query)
  }
}
