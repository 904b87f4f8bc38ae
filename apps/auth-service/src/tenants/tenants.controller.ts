import { Body, Controller, Get, Inject, Param, Patch, Post } from '@nestjs/common'
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger'
import { z } from 'zod'

import { Access } from '../http/access.ts'
import { Contract } from '../http/contract.ts'
import { IdPipe, ZodValidationPipe } from '../http/zod-validation.pipe.ts'
import {
  type ChangeTenantRequest,
  changeTenantRequest,
  type CreatedTenant,
  createdTenant,
  type CreateTenantRequest,
  createTenantRequest,
  type TenantView,
  tenantView,
} from './tenants.schemas.ts'
import { TenantsService } from './tenants.service.ts'

@ApiTags('tenants')
@ApiBearerAuth()
@Controller('api/v1/platform/tenants')
@Access('platform.write')
export class TenantsController {
  readonly #tenants: TenantsService

  constructor(@Inject(TenantsService) tenants: TenantsService) {
    this.#tenants = tenants
  }

  @Post()
  @Contract({
    summary: 'Creates a tenant with its certificate authority and first administrator',
    body: createTenantRequest,
    status: 201,
    response: createdTenant,
  })
  create(@Body(new ZodValidationPipe(createTenantRequest)) request: CreateTenantRequest): Promise<CreatedTenant> {
    return this.#tenants.create(request)
  }

  @Get()
  @Access('platform.read')
  @Contract({ summary: 'Lists tenants', response: z.array(tenantView) })
  list(): Promise<TenantView[]> {
    return this.#tenants.list()
  }

  @Patch(':id')
  @Contract({
    summary: 'Suspends, resumes or configures a tenant, and sets the namespaces of its networks',
    body: changeTenantRequest,
    response: tenantView,
  })
  change(
    @Param('id', IdPipe) id: string,
    @Body(new ZodValidationPipe(changeTenantRequest)) request: ChangeTenantRequest,
  ): Promise<TenantView> {
    return this.#tenants.change(id, request)
  }
}
