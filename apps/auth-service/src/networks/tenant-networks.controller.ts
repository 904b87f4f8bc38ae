import { Body, Controller, Get, Inject, Param, Post, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, CurrentOperator, type PlatformActor } from '../http/access.ts'
import { notFound } from '../http/api-problem.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import {
  type CreateNetworkRequest,
  createNetworkRequest,
  type ListNetworksQuery,
  listNetworksQuery,
  networkPage,
  type NetworkView,
  networkView,
} from './networks.schemas.ts'
import { NetworksService } from './networks.service.ts'

/** Networks of any tenant, for operators: a tenant can be handed over with its network in place. */
@ApiTags('tenants')
@Controller('api/v1/platform/tenants/:id/networks')
@Access('platform.write')
export class TenantNetworksController {
  readonly #networks: NetworksService
  readonly #tenants: TenantsRepository

  constructor(
    @Inject(NetworksService) networks: NetworksService,
    @Inject(TenantsRepository) tenants: TenantsRepository,
  ) {
    this.#networks = networks
    this.#tenants = tenants
  }

  @Get()
  @Access('platform.read')
  @Contract({ summary: 'Lists the networks of a tenant, the oldest first', response: networkPage })
  async list(
    @Param('id', IdPipe) tenantId: string,
    @Query(new ZodValidationPipe(listNetworksQuery)) query: ListNetworksQuery,
  ): Promise<Page<NetworkView>> {
    await this.#demandTenant(tenantId)
    return this.#networks.list({ tenantId }, query)
  }

  @Post()
  @Contract({
    summary: 'Creates a network of a tenant with its pool of addresses',
    body: createNetworkRequest,
    status: 201,
    response: networkView,
  })
  async create(
    @CurrentOperator() { auditName }: PlatformActor,
    @Param('id', IdPipe) tenantId: string,
    @Body(new ZodValidationPipe(createNetworkRequest)) request: CreateNetworkRequest,
  ): Promise<NetworkView> {
    await this.#demandTenant(tenantId)
    return this.#networks.create({ tenantId, auditName }, request)
  }

  async #demandTenant(tenantId: string): Promise<void> {
    if ((await this.#tenants.find(tenantId)) === null) throw notFound('tenant')
  }
}
