import { Inject, Injectable } from '@nestjs/common'
import {
  type CertificateAuthority,
  Database,
  type Device,
  type Network,
  type Tenant,
  type TenantSession,
  type User,
} from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { NO_PREVIOUS, revokeCertificates } from '../authorities/revoked-certificates.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { createdAfter, ORDER_BY_CREATION } from '../http/by-creation.ts'
import { containing } from '../http/containing.ts'
import type { CertificateColumns } from './device-certificates.ts'
import type { ListDevicesQuery } from './devices.schemas.ts'

/** A device with whom and what it belongs to. */
export type DeviceWithOwners = Device & {
  readonly user: User
  readonly network: Network
  readonly tenant: Tenant
  readonly authority: Pick<CertificateAuthority, 'state'>
}

/** A device with the names of its user and its network. */
export type NamedDevice = Device & { readonly user: Pick<User, 'username'>; readonly network: Pick<Network, 'name'> }

/** What is known of a device when it is enrolled. */
export type NewDevice = CertificateColumns &
  Pick<Device, 'tenantId' | 'id' | 'userId' | 'networkId' | 'name' | 'serverMadeKey' | 'createdAt'>

/** More that is done in the transaction of a change. */
export type Meanwhile<Result> = (session: TenantSession) => Promise<Result>

/** What an enrolment came to: a device that was there already, or the result of what was done with the new one. */
export type Enrolment<Result> =
  { readonly enrolled: Device } | { readonly enrolled: undefined; readonly result: Result }

const withNames = { user: { select: { username: true } }, network: { select: { name: true } } } as const

/** Devices of a tenant's users. */
@Injectable()
export class DevicesRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Lists devices, the oldest first, one more than the limit; those of one user when it is given. */
  list(tenantId: string, query: ListDevicesQuery): Promise<NamedDevice[]> {
    const { search, userId, state, expiresBefore, after, limit } = query
    const found = search === undefined || search === '' ? undefined : containing(search)
    const named = found === undefined ? [] : [{ OR: [{ name: found }, { user: { username: found } }] }]
    return this.#database.withTenant(tenantId, (session) =>
      session.device.findMany({
        where: {
          tenantId,
          ...(userId === undefined ? {} : { userId }),
          ...(state === undefined ? {} : { revokedAt: state === 'active' ? null : { not: null } }),
          ...(expiresBefore === undefined ? {} : { certificateNotAfter: { lt: expiresBefore } }),
          AND: [...named, ...createdAfter(after)],
        },
        include: withNames,
        orderBy: ORDER_BY_CREATION,
        take: limit + 1,
      }),
    )
  }

  find(tenantId: string, id: string): Promise<DeviceWithOwners | null> {
    return this.#database.withTenant(tenantId, (session) =>
      session.device.findUnique({
        where: { tenantId_id: { tenantId, id } },
        include: { user: true, network: true, tenant: true, authority: { select: { state: true } } },
      }),
    )
  }

  /**
   * Adds a device, unless its user has one of the same key in the network that is not older than `newSince`: that one is
   * given instead. `refuse` throws when there must be no more, and gets the number of the user's devices that are not
   * revoked. Two enrolments of one user wait for each other.
   */
  create<Result>(
    device: NewDevice,
    newSince: Date,
    entry: AuditEntry,
    refuse: (devices: number) => void,
    meanwhile: Meanwhile<Result>,
  ): Promise<Enrolment<Result>> {
    const { tenantId, userId, networkId, publicKeySha256 } = device
    return this.#database.withTenant(tenantId, async (session) => {
      await session.$queryRaw`
        SELECT id FROM users WHERE tenant_id = ${tenantId}::uuid AND id = ${userId}::uuid FOR UPDATE`
      const own = { tenantId, userId, revokedAt: null }
      const enrolled = await session.device.findFirst({
        where: { ...own, networkId, publicKeySha256, createdAt: { gte: newSince } },
        orderBy: { createdAt: 'desc' },
      })
      if (enrolled !== null) return { enrolled }
      refuse(await session.device.count({ where: own }))
      await demandSigner(session, device)
      await session.device.create({ data: device })
      await recordAudit(session, tenantId, entry)
      return { enrolled: undefined, result: await meanwhile(session) }
    })
  }

  /** Gives a device its next certificate; the one that is in use stays good until the next is used. */
  renew<Result>(
    device: DeviceWithOwners,
    next: CertificateColumns & Pick<Device, 'serverMadeKey'>,
    entry: AuditEntry,
    meanwhile: Meanwhile<Result>,
  ): Promise<Result> {
    const { tenantId, id, certificateSha256 } = device
    const isUnused = device.previousCertificateSha256 !== null
    const isDead = device.authority.state === 'retired'
    const previous = isDead ? NO_PREVIOUS : isUnused ? {} : previousOf(device)
    return this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId, id, certificateSha256, revokedAt: null }
      await demandSigner(session, { tenantId, ...next })
      const renewed = await session.device.updateMany({ where, data: { ...next, ...previous } })
      if (renewed.count !== 1) throw changedMeanwhile()
      const replaced = { ...device, previousAuthorityId: null }
      if (isUnused || isDead) await revokeCertificates(session, [replaced], 'superseded')
      await recordAudit(session, tenantId, entry)
      return meanwhile(session)
    })
  }

  /** Gives a device another name. */
  rename(device: Device, name: string, entry: AuditEntry): Promise<NamedDevice> {
    const { tenantId, id } = device
    return this.#database.withTenant(tenantId, async (session) => {
      const where = { tenantId_id: { tenantId, id } }
      const renamed = await session.device.update({ where, data: { name }, include: withNames })
      await recordAudit(session, tenantId, entry)
      return renamed
    })
  }

  /** Revokes a device and its certificates; a revoked one stays as it is. */
  revoke(device: Device, revokedAt: Date, entry: AuditEntry): Promise<void> {
    const { tenantId, id } = device
    return this.#database.withTenant(tenantId, async (session) => {
      const revoked = await session.device.updateManyAndReturn({
        where: { tenantId, id, revokedAt: null },
        data: { revokedAt },
      })
      if (revoked.length === 0) return
      await revokeCertificates(session, revoked, 'privilege-withdrawn')
      await recordAudit(session, tenantId, entry)
    })
  }
}

/** What is in use becomes the certificate before. */
function previousOf(device: Device): Pick<Device, keyof typeof NO_PREVIOUS> {
  return {
    previousAuthorityId: device.authorityId,
    previousCertificateSha256: device.certificateSha256,
    previousCertificateSerial: device.certificateSerial,
    previousCertificateNotAfter: device.certificateNotAfter,
  }
}

/** A certificate is signed before the transaction; its authority may have been retired since. */
async function demandSigner(session: TenantSession, device: { tenantId: string; authorityId: string }): Promise<void> {
  const where = { tenantId: device.tenantId, id: device.authorityId, state: { not: 'retired' } }
  if ((await session.certificateAuthority.count({ where })) === 0) throw changedMeanwhile()
}

function changedMeanwhile(): ApiProblem {
  return new ApiProblem(409, 'changed-meanwhile', 'Something changed in the meantime. Please try again.')
}
