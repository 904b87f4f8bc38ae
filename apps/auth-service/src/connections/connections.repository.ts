import { Inject, Injectable } from '@nestjs/common'
import { type Connection, Database, type Device, type Service, type Tenant, type User } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'

const MAX_LISTED = 200

/** What is known when a connection is allowed. */
export type NewConnection = Pick<
  Connection,
  'tenantId' | 'id' | 'userId' | 'deviceId' | 'networkId' | 'serviceId' | 'remoteAddress' | 'remotePort'
>

/** A connection with the names that people know. */
export type NamedConnection = Connection & {
  readonly user: Pick<User, 'username'>
  readonly device: Pick<Device, 'name'>
  readonly service: Pick<Service, 'name'>
}

/** A connection with the states that could end it. */
export type ConnectionWithStates = Connection & {
  readonly tenant: Pick<Tenant, 'suspendedAt'>
  readonly user: Pick<User, 'disabledAt'>
  readonly device: Pick<Device, 'revokedAt'>
}

const withNames = {
  user: { select: { username: true } },
  device: { select: { name: true } },
  service: { select: { name: true } },
} as const

const withStates = {
  tenant: { select: { suspendedAt: true } },
  user: { select: { disabledAt: true } },
  device: { select: { revokedAt: true } },
} as const

/** Live and past VPN connections. */
@Injectable()
export class ConnectionsRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Lists live connections, then the latest past ones. */
  list(tenantId: string): Promise<NamedConnection[]> {
    return this.#database.withTenant(tenantId, (session) =>
      session.connection.findMany({
        where: { tenantId },
        include: withNames,
        orderBy: [{ endedAt: { sort: 'desc', nulls: 'first' } }, { authorisedAt: 'desc' }],
        take: MAX_LISTED,
      }),
    )
  }

  /** Notes that a connection was allowed, with its line in the audit log. */
  start(connection: NewConnection, entry: AuditEntry): Promise<void> {
    return this.#database.withTenant(connection.tenantId, async (session) => {
      await session.connection.create({ data: connection })
      await recordAudit(session, connection.tenantId, entry)
    })
  }

  /** Tells whether a connection goes on and nobody wants it ended. */
  async isLive(connection: Pick<Connection, 'tenantId' | 'id' | 'deviceId' | 'serviceId'>): Promise<boolean> {
    const found = await this.#database.withTenant(connection.tenantId, (session) =>
      session.connection.count({ where: { ...connection, endedAt: null, endRequestedAt: null } }),
    )
    return found === 1
  }

  /** Adds a line to the audit log of a decision that changed nothing else. */
  audit(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.#database.withTenant(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  /** Marks a live connection to be ended; false when the tenant has no such one. */
  requestEnd(tenantId: string, id: string, endRequestedAt: Date, entry: AuditEntry): Promise<boolean> {
    return this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId, id, endedAt: null }
      const marked = await session.connection.updateMany({ where, data: { endRequestedAt } })
      if (marked.count === 1) await recordAudit(session, tenantId, entry)
      return marked.count === 1
    })
  }

  /** Finds the tenant of a live connection that this node carries. */
  async tenantOf(serviceId: string, connectionId: string): Promise<string | undefined> {
    const found = await this.#database.platform.liveConnection.findFirst({ where: { connectionId, serviceId } })
    return found?.tenantId
  }

  /** Names the tenants and connections that this node carries, as far as we know. */
  liveOf(serviceId: string): Promise<{ tenantId: string; connectionId: string }[]> {
    return this.#database.platform.liveConnection.findMany({
      where: { serviceId },
      select: { tenantId: true, connectionId: true },
    })
  }

  /** Gives a node's live connections of one tenant with what could end them. */
  liveWithStates(tenantId: string, serviceId: string): Promise<ConnectionWithStates[]> {
    return this.#database.withTenant(tenantId, (session) =>
      session.connection.findMany({ where: { tenantId, serviceId, endedAt: null }, include: withStates }),
    )
  }

  async change(tenantId: string, id: string, change: Partial<Connection>): Promise<void> {
    await this.#database.withTenant(tenantId, (session) =>
      session.connection.updateMany({ where: { tenantId, id, endedAt: null }, data: change }),
    )
  }
}
