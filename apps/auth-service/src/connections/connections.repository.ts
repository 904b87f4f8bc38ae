import { Inject, Injectable } from '@nestjs/common'
import {
  type Connection,
  Database,
  type Device,
  type Network,
  type Service,
  type Tenant,
  type TenantSession,
  type User,
} from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'

const MAX_LISTED = 200

/** A device as its credential was checked: nothing that allowed it may have changed when the connection is noted. */
export type CheckedDevice = Pick<Device, 'tenantId' | 'id' | 'certificateSha256'> & {
  readonly user: Pick<User, 'tokenGeneration'>
}

/** What is known when a connection is allowed. */
export type NewConnection = Pick<
  Connection,
  | 'tenantId'
  | 'id'
  | 'userId'
  | 'deviceId'
  | 'networkId'
  | 'serviceId'
  | 'controlKey'
  | 'transport'
  | 'remoteAddress'
  | 'remotePort'
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
  readonly network: Network
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
  network: true,
} as const

/** Live and past VPN connections. */
@Injectable()
export class ConnectionsRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Lists the live connections of nodes that were heard since then, and the latest past ones. */
  list(tenantId: string, heardSince: Date): Promise<NamedConnection[]> {
    return this.#database.withTenant(tenantId, (session) =>
      session.connection.findMany({
        where: { tenantId, OR: [{ endedAt: { not: null } }, { service: { lastSeenAt: { gte: heardSince } } }] },
        include: withNames,
        orderBy: [{ endedAt: { sort: 'desc', nulls: 'first' } }, { authorisedAt: 'desc' }],
        take: MAX_LISTED,
      }),
    )
  }

  /**
   * Notes that a connection was allowed, with its line in the audit log; false when device, user or tenant are not any
   * more as they were when that was decided. A revocation waits for this or is seen by it.
   */
  start(device: CheckedDevice, connection: NewConnection, entry: AuditEntry): Promise<boolean> {
    const { tenantId } = device
    return this.#database.withTenant(tenantId, async (session) => {
      if (!(await lockAsChecked(session, device, connection.controlKey))) return false
      await session.connection.create({ data: connection })
      await recordAudit(session, tenantId, entry)
      return true
    })
  }

  /** The same for a connection of this node that is renegotiated; false also when it ended or somebody wants it ended. */
  goOn(device: CheckedDevice, id: string, serviceId: string, controlKey: string, entry: AuditEntry): Promise<boolean> {
    const { tenantId } = device
    return this.#database.withTenant(tenantId, async (session) => {
      if (!(await lockAsChecked(session, device, controlKey))) return false
      const live = await session.$queryRaw<unknown[]>`
        SELECT id FROM connections
        WHERE tenant_id = ${tenantId}::uuid AND id = ${id}::uuid AND device_id = ${device.id}::uuid
          AND service_id = ${serviceId}::uuid AND ended_at IS NULL AND end_requested_at IS NULL
        FOR SHARE`
      if (live.length !== 1) return false
      await recordAudit(session, tenantId, entry)
      return true
    })
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

  /** Gives the node of a live connection, with a line in the audit log; `undefined` when the tenant has no such one. */
  carrierOf(tenantId: string, id: string, entry: AuditEntry): Promise<Pick<Service, 'id' | 'name'> | undefined> {
    return this.#database.withTenant(tenantId, async (session) => {
      const found = await session.connection.findFirst({
        where: { tenantId, id, endedAt: null },
        select: { service: { select: { id: true, name: true } } },
      })
      if (found !== null) await recordAudit(session, tenantId, entry)
      return found?.service
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

/** Locks tenant, user and device until the transaction ends; false when a change came first. */
async function lockAsChecked(session: TenantSession, device: CheckedDevice, controlKey: string): Promise<boolean> {
  const locked = await session.$queryRaw<unknown[]>`
    SELECT device.id
    FROM devices device
    JOIN users account ON account.tenant_id = device.tenant_id AND account.id = device.user_id
    JOIN tenants tenant ON tenant.id = device.tenant_id
    WHERE device.tenant_id = ${device.tenantId}::uuid AND device.id = ${device.id}::uuid
      AND device.certificate_sha256 = ${device.certificateSha256} AND device.revoked_at IS NULL
      AND account.token_generation = ${device.user.tokenGeneration} AND account.disabled_at IS NULL
      AND tenant.suspended_at IS NULL AND (${controlKey}::text = 'device' OR tenant.legacy_clients <> 'off')
    FOR SHARE`
  return locked.length === 1
}
