import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { createAuthority, open, seal, SoftwareIssuer } from '@sallyport/certificate-authority'
import { Database, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import type { Settings } from '../runtime/settings.ts'
import { CLOCK, SETTINGS } from '../runtime/tokens.ts'

const PURPOSE = 'tenant authority key'
const LIFETIME_DAYS = 3650
/** Issuers of at most this many tenants are kept ready, the most recent ones. */
const MAX_CACHED = 256

/** A tenant's certificate authority, ready to sign. */
export interface TenantIssuer {
  readonly authorityId: string
  readonly issuer: SoftwareIssuer
  /** Every certificate that devices and servers of this tenant may be signed by. */
  readonly caPem: string
}

/** Each tenant's own certificate authority; the key is sealed in the tenant's row. */
@Injectable()
export class TenantAuthority {
  readonly #database: Database
  readonly #settings: Settings
  readonly #clock: Clock
  readonly #cache = new Map<string, TenantIssuer>()

  constructor(@Inject(Database) database: Database, @Inject(SETTINGS) settings: Settings, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#settings = settings
    this.#clock = clock
  }

  /** Makes the authority of a new tenant in the tenant's session. */
  async create(session: TenantSession, tenant: { id: string; slug: string }): Promise<void> {
    const nowMs = this.#clock.now()
    const commonName = `Sallyport ${tenant.slug}`
    const authority = await createAuthority({ commonName, nowMs, lifetimeDays: LIFETIME_DAYS })
    const id = randomUUID()
    const sealedKey = seal(this.#settings.MASTER_KEY, PURPOSE, `${tenant.id}/${id}`, authority.privateKeyPkcs8)
    authority.privateKeyPkcs8.fill(0)
    await session.certificateAuthority.create({
      data: {
        tenantId: tenant.id,
        id,
        certificate: authority.certificatePem,
        sealedKey,
        notAfter: new Date(nowMs + LIFETIME_DAYS * 24 * 3600 * 1000),
      },
    })
  }

  /** Loads a tenant's authority; the newest one signs, all are trusted. */
  async of(tenantId: string): Promise<TenantIssuer> {
    const cached = this.#cache.get(tenantId)
    if (cached !== undefined) return cached
    const rows = await this.#database.withTenant(tenantId, (session) =>
      session.certificateAuthority.findMany({ where: { tenantId }, orderBy: { createdAt: 'desc' } }),
    )
    const [newest] = rows
    if (newest === undefined) throw new Error('the tenant has no certificate authority')
    const key = open(this.#settings.MASTER_KEY, PURPOSE, `${tenantId}/${newest.id}`, newest.sealedKey)
    const issuer = await SoftwareIssuer.load(newest.certificate, key)
    key.fill(0)
    const loaded = { authorityId: newest.id, issuer, caPem: rows.map((row) => row.certificate).join('') }
    const [oldest] = this.#cache.keys()
    if (this.#cache.size >= MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest)
    this.#cache.set(tenantId, loaded)
    return loaded
  }
}
