import { Inject, Injectable } from '@nestjs/common'
import {
  type Connection,
  Database,
  type Device,
  isDatabaseAway,
  type Network,
  type NotedConnection,
  type Service,
  type Tenant,
  type User,
} from '@sallyport/database'

import { auditColumns, type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { Changes } from '../events/changes.ts'
import { TenantBatches } from '../runtime/tenant-batches.ts'
import { listConnections, type ScannedConnections } from './connection-list.ts'
import type { ListConnectionsQuery } from './connections.schemas.ts'
import { connectionTarget, isNotEquipped, notEquippedEntry } from './not-equipped.ts'

/**
 * A device as its credential was checked, with the certificate that it showed: nothing that allowed it may have changed
 * when the connection is noted.
 */
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

/** A connection that goes on, at the node that says so. */
export type LiveConnection = Pick<Connection, 'id' | 'serviceId' | 'controlKey'>

/** On what a connection was allowed. */
export interface ConnectionTerms {
  readonly now: Date
  /** The session id of its login's tokens. */
  readonly loginId: string
  readonly loginStartedAt: Date
  /** Of how many devices the user may be connected at once. */
  readonly connectionLimit: number | null
  /** When its login ends. */
  readonly endsAt: Date
  /** The second factor that was proven with it. */
  readonly proof?: { readonly method: string; readonly address: string; readonly country: string | null }
  readonly entry: AuditEntry
}

/** A connection with the states that could end it. */
export type ConnectionWithStates = Connection & {
  readonly tenant: Pick<Tenant, 'suspendedAt'>
  readonly user: Pick<User, 'disabledAt'>
  readonly device: Pick<Device, 'revokedAt'>
  readonly network: Network
}

const REPORTED = ['own-connections', 'connections', 'overview'] as const
/** When a tunnel stands, its device has connected. */
const ESTABLISHED = [...REPORTED, 'own-devices', 'devices'] as const

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
  readonly #changes: Changes
  readonly #noted: TenantBatches<NotedConnection, boolean>

  constructor(@Inject(Database) database: Database, @Inject(Changes) changes: Changes) {
    this.#database = database
    this.#changes = changes
    this.#noted = new TenantBatches((tenantId, connections) => this.#note(tenantId, connections))
  }

  /** Gives connections, the newest first, one more than the limit; open ones of nodes not heard since then are left out. */
  list(tenantId: string, heardSince: Date, query: ListConnectionsQuery): Promise<ScannedConnections> {
    return this.#database.withTenant(tenantId, (session) => listConnections(session, tenantId, heardSince, query))
  }

  /**
   * Notes that a connection was allowed, with its line in the audit log; false when device, user or tenant are not any
   * more as they were when that was decided, or the user has as many connections as they may. A revocation waits for this
   * or is seen by it.
   */
  start(device: CheckedDevice, connection: NewConnection, terms: ConnectionTerms): Promise<boolean> {
    const { id, controlKey, serviceId } = connection
    return this.#noted.add(device.tenantId, {
      ...notedOf(device, { id, controlKey, serviceId }, terms),
      target: connectionTarget(id),
      goes_on: false,
      user_id: connection.userId,
      network_id: connection.networkId,
      transport: connection.transport,
      remote_address: connection.remoteAddress,
      remote_port: connection.remotePort,
    })
  }

  /** The same for a connection of this node that is renegotiated; false also when it ended or somebody wants it ended. */
  goOn(device: CheckedDevice, connection: LiveConnection, terms: ConnectionTerms): Promise<boolean> {
    return this.#noted.add(device.tenantId, { ...notedOf(device, connection, terms), goes_on: true })
  }

  /** Adds a line to the audit log of a decision that changed nothing else. */
  audit(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.#database.withTenant(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  /** Marks a live connection to be ended, with a line about its user; false when the tenant has no such one. */
  requestEnd(
    tenantId: string,
    id: string,
    endRequestedAt: Date,
    entry: AuditEntry,
    ofUserId?: string,
  ): Promise<boolean> {
    return this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId, id, endedAt: null, ...(ofUserId === undefined ? {} : { userId: ofUserId }) }
      const data = { endRequestedAt }
      const marked = await session.connection.updateManyAndReturn({ where, data, select: { userId: true } })
      for (const { userId } of marked) await recordAudit(session, tenantId, { ...entry, userId })
      return marked.length === 1
    })
  }

  /** Gives the node of a live connection, with a line about its user in the audit log; `undefined` when the tenant has no such one. */
  carrierOf(tenantId: string, id: string, entry: AuditEntry): Promise<Pick<Service, 'id' | 'name'> | undefined> {
    return this.#database.withTenant(tenantId, async (session) => {
      const found = await session.connection.findFirst({
        where: { tenantId, id, endedAt: null },
        select: { userId: true, service: { select: { id: true, name: true } } },
      })
      if (found !== null) await recordAudit(session, tenantId, { ...entry, userId: found.userId })
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

  /** Gives when the logins of these connections end, as far as this node carries them. */
  async endsOf(serviceId: string, ids: readonly string[]): Promise<Pick<Connection, 'id' | 'endsAt'>[]> {
    const live = await this.#database.platform.liveConnection.findMany({
      where: { serviceId, connectionId: { in: [...ids] } },
      select: { tenantId: true, connectionId: true },
    })
    const ends: Pick<Connection, 'id' | 'endsAt'>[] = []
    for (const [tenantId, known] of Map.groupBy(live, (connection) => connection.tenantId)) {
      const where = { tenantId, id: { in: known.map(({ connectionId }) => connectionId) } }
      const select = { id: true, endsAt: true }
      ends.push(
        ...(await this.#database.withTenant(tenantId, (session) => session.connection.findMany({ where, select }))),
      )
    }
    return ends
  }

  /** Those that could not be noted together with others are noted alone, and may wait for whoever holds their rows. */
  async #note(tenantId: string, connections: readonly NotedConnection[]): Promise<Promise<boolean>[]> {
    const { tenantFunctions } = this.#database
    const alone = async (connection: NotedConnection): Promise<boolean> =>
      (await tenantFunctions.noteConnections(tenantId, [connection], true))[0] === true
    // In the order of `lockInOrder`, so that two batches do not wait for each other.
    const together = connections.toSorted((a, b) => (a.device_id + a.id < b.device_id + b.id ? -1 : 1))
    const answers = await tenantFunctions.noteConnections(tenantId, together, false).catch((error: unknown) => {
      if (isDatabaseAway(error)) throw error
      // One of them is to blame, and the others are not to suffer.
      return together.map(() => null)
    })
    const answerOf = new Map(together.map((connection, index) => [connection, answers[index] ?? null]))
    return connections.map((connection) => {
      const answer = answerOf.get(connection) ?? null
      return answer === null ? alone(connection) : Promise.resolve(answer)
    })
  }

  /**
   * Changes a live connection as its node reports. A tunnel that stands is noted of its device; one that never stood for
   * want of equipment is a refusal, with its line in the audit log.
   */
  async change(tenantId: string, id: string, change: Partial<Connection>): Promise<void> {
    const { establishedAt, endReason } = change
    const code = isNotEquipped(endReason) ? endReason : undefined
    const where = { tenantId, id, endedAt: null }
    const changed = await this.#database.withTenant(tenantId, async (session) => {
      if (establishedAt instanceof Date) {
        const devices = { tenantId, connections: { some: where } }
        await session.device.updateMany({ where: devices, data: { lastConnectedAt: establishedAt } })
      }
      const connections = await session.connection.updateManyAndReturn({ where, data: change })
      for (const connection of connections) {
        if (code === undefined || connection.establishedAt !== null) continue
        await recordAudit(session, tenantId, notEquippedEntry(connection, code))
      }
      return connections
    })
    const topics = establishedAt instanceof Date ? ESTABLISHED : REPORTED
    for (const { userId } of changed) this.#changes.announce(tenantId, topics, userId)
  }
}

function notedOf(
  device: CheckedDevice,
  { id, serviceId, controlKey }: LiveConnection,
  { now, loginId, loginStartedAt, endsAt, connectionLimit, proof, entry }: ConnectionTerms,
): Omit<NotedConnection, 'goes_on'> {
  const { userId: about, ...columns } = auditColumns(entry)
  return {
    ...columns,
    about,
    id,
    service_id: serviceId,
    control_key: controlKey,
    device_id: device.id,
    certificate_sha256: device.certificateSha256,
    token_generation: device.user.tokenGeneration,
    at: now,
    login_id: loginId,
    login_started_at: loginStartedAt,
    ends_at: endsAt,
    connection_limit: connectionLimit,
    ...(proof === undefined
      ? {}
      : { factor_method: proof.method, factor_address: proof.address, factor_country: proof.country }),
  }
}
