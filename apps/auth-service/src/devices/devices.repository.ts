import { Inject, Injectable } from '@nestjs/common'
import { Database, type Device, type Network, type Tenant, type User } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'

/** A device with whom and what it belongs to. */
export type DeviceWithOwners = Device & { readonly user: User; readonly network: Network; readonly tenant: Tenant }

/** What is known of a device when it is enrolled. */
export type NewDevice = Pick<
  Device,
  | 'tenantId'
  | 'id'
  | 'userId'
  | 'networkId'
  | 'authorityId'
  | 'name'
  | 'certificate'
  | 'certificateSerial'
  | 'certificateSha256'
  | 'certificateNotAfter'
>

/** Devices of a tenant's users. */
@Injectable()
export class DevicesRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Lists the devices of one user, or of all. */
  list(tenantId: string, userId?: string): Promise<(Device & { user: { username: string } })[]> {
    return this.#database.withTenant(tenantId, (session) =>
      session.device.findMany({
        where: { tenantId, ...(userId === undefined ? {} : { userId }) },
        include: { user: { select: { username: true } } },
        orderBy: { createdAt: 'asc' },
      }),
    )
  }

  find(tenantId: string, id: string): Promise<DeviceWithOwners | null> {
    return this.#database.withTenant(tenantId, (session) =>
      session.device.findUnique({
        where: { tenantId_id: { tenantId, id } },
        include: { user: true, network: true, tenant: true },
      }),
    )
  }

  create(device: NewDevice, entry: AuditEntry): Promise<void> {
    return this.#database.withTenant(device.tenantId, async (session) => {
      await session.device.create({ data: device })
      await recordAudit(session, device.tenantId, entry)
    })
  }

  /** Revokes a device; a revoked one stays as it is. */
  revoke(device: Device, revokedAt: Date, entry: AuditEntry): Promise<void> {
    const { tenantId, id } = device
    return this.#database.withTenant(tenantId, async (session) => {
      const revoked = await session.device.updateMany({ where: { tenantId, id, revokedAt: null }, data: { revokedAt } })
      if (revoked.count === 1) await recordAudit(session, tenantId, entry)
    })
  }
}
