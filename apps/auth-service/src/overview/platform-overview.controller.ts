import { Controller, Get, Inject } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { type PlatformOverviewView, platformOverviewView } from './overview.schemas.ts'
import { PlatformOverviewService } from './platform-overview.service.ts'

@ApiTags('platform')
@Controller('api/v1/platform/overview')
export class PlatformOverviewController {
  readonly #overview: PlatformOverviewService

  constructor(@Inject(PlatformOverviewService) overview: PlatformOverviewService) {
    this.#overview = overview
  }

  @Get()
  @Access('platform.read')
  @Contract({ summary: 'Gives the numbers of the platform at a glance', response: platformOverviewView })
  get(): Promise<PlatformOverviewView> {
    return this.#overview.get()
  }
}
