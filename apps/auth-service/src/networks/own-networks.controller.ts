import { Controller, Get, Inject, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { type ListNetworksQuery, listNetworksQuery, type NetworkName, networkNamePage } from './networks.schemas.ts'
import { NetworksService } from './networks.service.ts'

/** The networks that whoever calls may enrol a device for. */
@ApiTags('me')
@Controller('api/v1/me/networks')
export class OwnNetworksController {
  readonly #networks: NetworksService

  constructor(@Inject(NetworksService) networks: NetworksService) {
    this.#networks = networks
  }

  @Get()
  @Access('self.read')
  @Contract({
    summary: 'Names the networks that a device can be enrolled for, the oldest first',
    response: networkNamePage,
  })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listNetworksQuery)) query: ListNetworksQuery,
  ): Promise<Page<NetworkName>> {
    return this.#networks.listNames(actor, query)
  }
}
