import { Inject, Injectable } from '@nestjs/common'
import { Database, type Network } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import type { ChangeNetworkRequest } from './networks.schemas.ts'

/** A tenant's networks. */
@Injectable()
export class NetworksRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  list(tenantId: string): Promise<Network[]> {
    return this.#database.withTenant(tenantId, (session) =>
      session.network.findMany({ where: { tenantId }, orderBy: { createdAt: 'asc' } }),
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
