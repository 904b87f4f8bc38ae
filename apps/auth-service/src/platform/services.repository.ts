import { Inject, Injectable } from '@nestjs/common'
import type { NodeStatus } from '@sallyport/contracts'
import { Database, type PlatformTransaction, type Service } from '@sallyport/database'

import { createdAfter, ORDER_BY_CREATION } from '../http/by-creation.ts'
import { containing } from '../http/containing.ts'
import type { EnrolledRole, ListServicesQuery } from './platform.schemas.ts'

/** Upper bound of the slots of nodes: 255 is kept for later use. */
const MAX_SLOT = 254

const IN_STATE = {
  active: { revokedAt: null, drainingAt: null },
  draining: { revokedAt: null, drainingAt: { not: null } },
  revoked: { revokedAt: { not: null } },
} as const satisfies Readonly<Record<NonNullable<ListServicesQuery['state']>, object>>

/** What a fresh certificate says about a service. */
export interface ServiceCertificate {
  readonly serial: string
  readonly notAfter: Date
}

/** Enrolled services and the tokens with which they come in. */
@Injectable()
export class ServicesRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Gives the services, the oldest first, one more than the limit. */
  list({ search, role, state, after, limit }: ListServicesQuery): Promise<Service[]> {
    return this.#database.platform.service.findMany({
      where: {
        ...(role === undefined ? {} : { role }),
        ...(state === undefined ? {} : IN_STATE[state]),
        ...(search === undefined || search === '' ? {} : { name: containing(search) }),
        AND: createdAfter(after),
      },
      orderBy: ORDER_BY_CREATION,
      take: limit + 1,
    })
  }

  find(id: string): Promise<Service | null> {
    return this.#database.platform.service.findUnique({ where: { id } })
  }

  async setDraining(id: string, drainingAt: Date | null): Promise<boolean> {
    const changed = await this.#database.platform.service.updateMany({
      where: { id, role: 'vpn-node', revokedAt: null },
      data: { drainingAt },
    })
    return changed.count === 1
  }

  /** Takes a service out of the cluster, once; false when there is no such service. */
  async revoke(id: string, revokedAt: Date): Promise<boolean> {
    const { service } = this.#database.platform
    await service.updateMany({ where: { id, revokedAt: null }, data: { revokedAt } })
    return (await service.count({ where: { id } })) === 1
  }

  /** Notes that a service called; false when it is not of the cluster any more. */
  async noteSeen(id: string, lastSeenAt: Date): Promise<boolean> {
    const noted = await this.#database.platform.service.updateMany({
      where: { id, revokedAt: null },
      data: { lastSeenAt },
    })
    return noted.count === 1
  }

  /** Notes how a node says that it is; false when it is not of the cluster any more. */
  async noteStatus(id: string, status: NodeStatus, lastSeenAt: Date): Promise<boolean> {
    const { version, startedAt, connections: reportedConnections, capacity, cpuShare } = status
    const data = { version, startedAt: new Date(startedAt), reportedConnections, capacity, cpuShare, lastSeenAt }
    const noted = await this.#database.platform.service.updateMany({ where: { id, revokedAt: null }, data })
    return noted.count === 1
  }

  /** Keeps the certificate that asked for the renewal acceptable, however often its answer gets lost. */
  async noteRenewal(service: Service, shownSerial: string, certificate: ServiceCertificate): Promise<void> {
    await this.#database.platform.service.update({
      where: { id: service.id },
      data: {
        certificateSerial: certificate.serial,
        previousCertificateSerial: shownSerial,
        certificateNotAfter: certificate.notAfter,
      },
    })
  }

  async addJoinToken(token: {
    secretSha256: string
    role: EnrolledRole
    name: string
    expiresAt: Date
  }): Promise<void> {
    await this.#database.platform.joinToken.create({ data: token })
  }

  findJoinToken(
    secretSha256: string,
  ): Promise<{ role: string; name: string; expiresAt: Date; usedAt: Date | null } | null> {
    return this.#database.platform.joinToken.findUnique({ where: { secretSha256 } })
  }

  /**
   * Uses up a join token and enrols its service in one transaction; `undefined` when the token is used or lapsed. An id
   * that exists is the same service with a new identity: its slot stays, its old certificate is dead.
   */
  enrol(
    secretSha256: string,
    serviceId: string,
    certificate: ServiceCertificate,
    now: Date,
  ): Promise<Service | undefined> {
    return this.#database.withPlatform(async (session) => {
      const used = await session.joinToken.updateMany({
        where: { secretSha256, usedAt: null, expiresAt: { gt: now } },
        data: { usedAt: now },
      })
      if (used.count !== 1) return undefined
      const token = await session.joinToken.findUniqueOrThrow({ where: { secretSha256 } })
      const identity = {
        certificateSerial: certificate.serial,
        previousCertificateSerial: null,
        certificateNotAfter: certificate.notAfter,
      }
      const known = await session.service.findUnique({ where: { id: serviceId } })
      if (known !== null) {
        return session.service.update({ where: { id: serviceId }, data: { ...identity, revokedAt: null } })
      }
      const slot = token.role === 'vpn-node' ? await freeSlot(session) : null
      return session.service.create({ data: { id: serviceId, role: token.role, name: token.name, slot, ...identity } })
    })
  }

  findByName(role: string, name: string): Promise<Service | null> {
    return this.#database.platform.service.findUnique({ where: { role_name: { role, name } } })
  }
}

async function freeSlot(session: PlatformTransaction): Promise<number> {
  const rows = await session.service.findMany({ where: { slot: { not: null } }, select: { slot: true } })
  const taken = new Set(rows.map((row) => row.slot))
  for (let slot = 0; slot <= MAX_SLOT; slot += 1) if (!taken.has(slot)) return slot
  throw new NoFreeSlotError()
}

/** The cluster has as many nodes as peer-ids have room for. */
export class NoFreeSlotError extends Error {}
