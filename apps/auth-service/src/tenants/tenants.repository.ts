import { Inject, Injectable } from '@nestjs/common'
import { Database, type Tenant } from '@sallyport/database'

import { containing } from '../http/containing.ts'
import type { ListTenantsQuery } from './tenants.schemas.ts'

/** The tenants themselves, which the platform owns. */
@Injectable()
export class TenantsRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Gives the tenants by slug, one more than asked for. */
  list({ search, state, after, limit }: ListTenantsQuery): Promise<Tenant[]> {
    const found = search === undefined || search === '' ? {} : containing(search)
    return this.#database.platform.tenant.findMany({
      where: {
        ...(state === undefined ? {} : { suspendedAt: state === 'active' ? null : { not: null } }),
        ...(after === undefined ? {} : { slug: { gt: after } }),
        ...(search === undefined || search === '' ? {} : { OR: [{ slug: found }, { name: found }] }),
      },
      orderBy: { slug: 'asc' },
      take: limit + 1,
    })
  }

  listActive(): Promise<Tenant[]> {
    return this.#database.platform.tenant.findMany({ where: { suspendedAt: null }, orderBy: { slug: 'asc' } })
  }

  find(id: string): Promise<Tenant | null> {
    return this.#database.platform.tenant.findUnique({ where: { id } })
  }

  findBySlug(slug: string): Promise<Tenant | null> {
    return this.#database.platform.tenant.findUnique({ where: { slug } })
  }
}
