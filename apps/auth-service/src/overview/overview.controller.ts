import { Controller, Get, Inject, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type OverviewQuery, overviewQuery, type OverviewView, overviewView } from './overview.schemas.ts'
import { OverviewService } from './overview.service.ts'

@ApiTags('overview')
@Controller('api/v1/overview')
export class OverviewController {
  readonly #overview: OverviewService

  constructor(@Inject(OverviewService) overview: OverviewService) {
    this.#overview = overview
  }

  @Get()
  @Access('overview.read')
  @Contract({ summary: 'Gives the numbers of the tenant at a glance', response: overviewView })
  get(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(overviewQuery)) query: OverviewQuery,
  ): Promise<OverviewView> {
    return this.#overview.get(actor, query)
  }
}
