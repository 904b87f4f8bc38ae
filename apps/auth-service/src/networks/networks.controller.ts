import { Body, Controller, Get, Inject, Param, Patch, Post, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, type Actor, CurrentActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeNetworkRequest,
  changeNetworkRequest,
  type CreateNetworkRequest,
  createNetworkRequest,
  type ListNetworksQuery,
  listNetworksQuery,
  networkPage,
  type NetworkView,
  networkView,
} from './networks.schemas.ts'
import { NetworksService } from './networks.service.ts'

@ApiTags('networks')
@Controller('api/v1/networks')
@Access('networks.write')
export class NetworksController {
  readonly #networks: NetworksService

  constructor(@Inject(NetworksService) networks: NetworksService) {
    this.#networks = networks
  }

  @Get()
  @Access('networks.read')
  @Contract({ summary: 'Lists the networks of the tenant, the oldest first', response: networkPage })
  list(
    @CurrentActor() actor: Actor,
    @Query(new ZodValidationPipe(listNetworksQuery)) query: ListNetworksQuery,
  ): Promise<Page<NetworkView>> {
    return this.#networks.list(actor, query)
  }

  @Post()
  @Contract({
    summary: 'Creates a network with its pool of addresses',
    body: createNetworkRequest,
    status: 201,
    response: networkView,
  })
  create(
    @CurrentActor() actor: Actor,
    @Body(new ZodValidationPipe(createNetworkRequest)) request: CreateNetworkRequest,
  ): Promise<NetworkView> {
    return this.#networks.create(actor, request)
  }

  @Patch(':id')
  @Contract({ summary: 'Changes routes and DNS of a network', body: changeNetworkRequest, response: networkView })
  change(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeNetworkRequest)) request: ChangeNetworkRequest,
  ): Promise<NetworkView> {
    return this.#networks.change(actor, id, request)
  }
}
