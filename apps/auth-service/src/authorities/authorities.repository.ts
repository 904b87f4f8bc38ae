import { Inject, Injectable } from '@nestjs/common'
import { type CertificateAuthority, Database, type TenantSession } from '@sallyport/database'

/** An authority with how many devices depend on it. */
export interface CountedAuthority {
  readonly authority: CertificateAuthority
  readonly devices: number
  readonly devicesWithout: number
}

/** A tenant's certificate authorities and the devices that hold certificates of them. */
@Injectable()
export class AuthoritiesRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Lists the newest first. */
  list(tenantId: string, now: Date): Promise<CountedAuthority[]> {
    return this.#database.withTenant(tenantId, async (session) => {
      const authorities = await session.certificateAuthority.findMany({
        where: { tenantId },
        orderBy: { createdAt: 'desc' },
      })
      const counted: CountedAuthority[] = []
      for (const authority of authorities) counted.push(await countDevices(session, authority, now))
      return counted
    })
  }

  /**
   * Changes a tenant's authorities, one at a time: the tenant's row is locked by its new version, with which nodes and
   * other instances notice the change. Nothing happens when `work` throws.
   */
  change<Result>(
    tenantId: string,
    work: (session: TenantSession) => Promise<Result>,
  ): Promise<{ result: Result; authorityVersion: number }> {
    return this.#database.withTenant(tenantId, async (session) => {
      const { authorityVersion } = await session.tenant.update({
        where: { id: tenantId },
        data: { authorityVersion: { increment: 1 } },
        select: { authorityVersion: true },
      })
      return { result: await work(session), authorityVersion }
    })
  }
}

/** Counts the devices whose certificate is good: their users have a profile, used or not. */
export async function countDevices(
  session: TenantSession,
  authority: CertificateAuthority,
  now: Date,
): Promise<CountedAuthority> {
  const live = { tenantId: authority.tenantId, revokedAt: null, certificateNotAfter: { gt: now } }
  const [all, devices, moved] = [
    await session.device.count({ where: live }),
    await session.device.count({ where: { ...live, ...holdersOf(authority.id) } }),
    // A renewed certificate that was not used yet says nothing about the profile that is in use.
    await session.device.count({
      where: {
        ...live,
        authorityId: authority.id,
        OR: [{ previousCertificateSha256: null }, { previousAuthorityId: authority.id }],
      },
    }),
  ]
  return { authority, devices, devicesWithout: all - moved }
}

/** Matches the devices that hold a certificate of this authority, the one before a renewal included. */
export function holdersOf(authorityId: string): {
  OR: ({ authorityId: string } | { previousAuthorityId: string })[]
} {
  return { OR: [{ authorityId }, { previousAuthorityId: authorityId }] }
}
