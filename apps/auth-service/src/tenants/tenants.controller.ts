import { Body, Controller, Get, Header, Inject, Param, Patch, Post, Query } from '@nestjs/common'
import { ApiTags } from '@nestjs/swagger'

import { Access, CurrentOperator, type PlatformActor } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import type { Page } from '../http/page.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeTenantRequest,
  changeTenantRequest,
  type CreatedTenant,
  createdTenant,
  type CreateTenantRequest,
  createTenantRequest,
  type ListTenantsQuery,
  listTenantsQuery,
  tenantPage,
  type TenantView,
  tenantView,
} from './tenants.schemas.ts'
import { TenantsService } from './tenants.service.ts'

@ApiTags('tenants')
@Controller('api/v1/platform/tenants')
@Access('platform.write')
export class TenantsController {
  readonly #tenants: TenantsService

  constructor(@Inject(TenantsService) tenants: TenantsService) {
    this.#tenants = tenants
  }

  @Post()
  @Access('platform.write', { recent: true })
  @Header('cache-control', 'no-store')
  @Contract({
    summary: 'Creates a tenant with its certificate authority and first administrator',
    body: createTenantRequest,
    status: 201,
    response: createdTenant,
  })
  create(
    @CurrentOperator() caller: PlatformActor,
    @Body(new ZodValidationPipe(createTenantRequest)) request: CreateTenantRequest,
  ): Promise<CreatedTenant> {
    return this.#tenants.create(caller, request)
  }

  @Get()
  @Access('platform.read')
  @Contract({ summary: 'Lists tenants by their short names', response: tenantPage })
  list(@Query(new ZodValidationPipe(listTenantsQuery)) query: ListTenantsQuery): Promise<Page<TenantView>> {
    return this.#tenants.list(query)
  }

  @Patch(':id')
  @Access('platform.write', { recent: true })
  @Contract({
    summary: 'Suspends, resumes or configures a tenant, and sets the namespaces of its networks',
    body: changeTenantRequest,
    response: tenantView,
  })
  change(
    @CurrentOperator() caller: PlatformActor,
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeTenantRequest)) request: ChangeTenantRequest,
  ): Promise<TenantView> {
    return this.#tenants.change(caller, id, request)
  }
}
