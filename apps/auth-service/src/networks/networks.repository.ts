import { Inject, Injectable } from '@nestjs/common'
import { Database, type Network } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { createdAfter, ORDER_BY_CREATION } from '../http/by-creation.ts'
import { containing } from '../http/containing.ts'
import type { ChangeNetworkRequest, ListNetworksQuery } from './networks.schemas.ts'

/** A tenant's networks. */
@Injectable()
export class NetworksRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  list(tenantId: string): Promise<Network[]> {
    return this.#database.withTenant(tenantId, (session) =>
      session.network.findMany({ where: { tenantId }, orderBy: ORDER_BY_CREATION }),
    )
  }

  /** Gives a part of the networks, the oldest first, one more than the limit; it searches what the reader may see. */
  page(
    tenantId: string,
    { search, after, limit }: ListNetworksQuery,
    searched: readonly ('name' | 'ipv4' | 'ipv6')[],
  ): Promise<Network[]> {
    const found = search === undefined || search === '' ? undefined : containing(search)
    const named = found === undefined ? [] : [{ OR: searched.map((column) => ({ [column]: found })) }]
    return this.#database.withTenant(tenantId, (session) =>
      session.network.findMany({
        where: { tenantId, AND: [...named, ...createdAfter(after)] },
        orderBy: ORDER_BY_CREATION,
        take: limit + 1,
      }),
    )
  }

  /** Creates a network, unless `refuse`, which sees the tenant's other networks and its namespaces, throws. */
  create(
    network: Omit<Network, 'createdAt' | 'version'>,
    refuse: (existing: readonly Network[], namespaces: readonly string[]) => void,
    entry: AuditEntry,
  ): Promise<Network> {
    const { tenantId } = network
    return this.#database.withNamespaces(tenantId, async (session) => {
      const tenant = await session.tenant.findUniqueOrThrow({ where: { id: tenantId } })
      refuse(await session.network.findMany({ where: { tenantId } }), tenant.namespaces)
      const created = await session.network.create({ data: network })
      await recordAudit(session, tenantId, entry)
      return created
    })
  }

  /** Changes a network; `undefined` when the tenant has no such one. */
  change(tenantId: string, id: string, change: ChangeNetworkRequest, entry: AuditEntry): Promise<Network | undefined> {
    return this.#database.withTenant(tenantId, async (session) => {
      const changed = await session.network.updateManyAndReturn({
        where: { tenantId, id },
        data: { ...change, version: { increment: 1 } },
      })
      if (changed[0] !== undefined) await recordAudit(session, tenantId, entry)
      return changed[0]
    })
  }
}
