import { Module } from '@nestjs/common'

import { TenantAuthority } from './tenant-authority.ts'
import { TenantsRepository } from './tenants.repository.ts'

/** Tenants and their certificate authorities, for whoever has to know one. */
@Module({ providers: [TenantsRepository, TenantAuthority], exports: [TenantsRepository, TenantAuthority] })
export class TenantsModule {}
