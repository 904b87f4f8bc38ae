import { Inject, Injectable } from '@nestjs/common'
import { REVOCATION_REASONS, type RevocationReason } from '@sallyport/certificate-authority'
import { type CertificateAuthority, Database, type RevokedCertificate } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { CLOCK } from '../runtime/tokens.ts'
import { TenantAuthority } from '../tenants/tenant-authority.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'

const LIFETIME_SECONDS = 24 * 3600
/** A list without news is signed anew after half of its life. */
const REBUILD_MS = (LIFETIME_SECONDS * 1000) / 2
const MAX_CACHED = 256

interface SignedList {
  /** How many entries, and when the last one came: another list has another. */
  readonly state: string
  readonly signedAtMs: number
  readonly der: Uint8Array
}

/** The lists of revoked certificates, one for each authority, signed when something is new. */
@Injectable()
export class RevocationLists {
  readonly #database: Database
  readonly #tenants: TenantsRepository
  readonly #issuers: TenantAuthority
  readonly #clock: Clock
  readonly #cache = new Map<string, SignedList>()

  constructor(
    @Inject(Database) database: Database,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(TenantAuthority) issuers: TenantAuthority,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#tenants = tenants
    this.#issuers = issuers
    this.#clock = clock
  }

  /** Gives the present list of an authority, DER; `undefined` when the tenant has no such authority. */
  async of(tenantSlug: string, authorityId: string): Promise<Uint8Array | undefined> {
    const tenant = await this.#tenants.findBySlug(tenantSlug)
    if (tenant === null) return undefined
    const nowMs = this.#clock.now()
    const where = { tenantId: tenant.id, authorityId, expiresAt: { gt: new Date(nowMs) } }
    const found = await this.#database.withTenant(tenant.id, async (session) => {
      const authority = await session.certificateAuthority.findUnique({
        where: { tenantId_id: { tenantId: tenant.id, id: authorityId } },
      })
      const { _count, _max } = await session.revokedCertificate.aggregate({
        where,
        _count: true,
        _max: { revokedAt: true },
      })
      const state = `${String(_count)} ${_max.revokedAt?.toISOString() ?? ''}`
      const known = this.#cache.get(authorityId)
      if (known?.state === state && nowMs - known.signedAtMs < REBUILD_MS) return { known }
      const revoked = await session.revokedCertificate.findMany({ where, orderBy: { revokedAt: 'asc' } })
      return { authority, state, revoked }
    })
    if ('known' in found) return found.known.der
    if (found.authority === null) return undefined
    return this.#sign(found.authority, found.state, found.revoked, nowMs)
  }

  async #sign(
    authority: CertificateAuthority,
    state: string,
    revoked: readonly RevokedCertificate[],
    nowMs: number,
  ): Promise<Uint8Array> {
    const { issuer } = await this.#issuers.open(authority)
    const der = await issuer.revocationList({
      nowMs,
      lifetimeSeconds: LIFETIME_SECONDS,
      revoked: revoked.map(({ serial, reason, revokedAt }) => ({ serial, revokedAt, reason: reasonOf(reason) })),
    })
    const [oldest] = this.#cache.keys()
    if (this.#cache.size >= MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest)
    this.#cache.set(authority.id, { state, signedAtMs: nowMs, der })
    return der
  }
}

function reasonOf(text: string): RevocationReason {
  return isReason(text) ? text : 'unspecified'
}

function isReason(text: string): text is RevocationReason {
  return Object.hasOwn(REVOCATION_REASONS, text)
}
