import { Inject, Injectable } from '@nestjs/common'
import { Database, type Tenant } from '@sallyport/database'

/** The tenants themselves, which the platform owns. */
@Injectable()
export class TenantsRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  list(): Promise<Tenant[]> {
    return this.#database.platform.tenant.findMany({ orderBy: { slug: 'asc' } })
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
