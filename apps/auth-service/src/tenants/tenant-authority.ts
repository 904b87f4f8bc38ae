import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { createAuthority, SoftwareIssuer } from '@sallyport/certificate-authority'
import { type CertificateAuthority, Database, type Tenant, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import { CLOCK } from '../runtime/tokens.ts'

const PURPOSE = 'tenant authority key'
const LIFETIME_DAYS = 3650
/** Issuers of at most this many tenants are kept ready, the most recent ones. */
const MAX_CACHED = 256

/**
 * What becomes of an authority, in this order: `prepared`, it signs devices and is in new profiles; `active`, it signs
 * servers as well; `trusted`, its devices are still let in; `retired`, nothing of it counts any more.
 */
export const AUTHORITY_STATES = ['prepared', 'active', 'trusted', 'retired'] as const
export type AuthorityState = (typeof AUTHORITY_STATES)[number]

/** An authority that can sign. */
export interface SigningAuthority {
  readonly authorityId: string
  readonly issuer: SoftwareIssuer
}

/** A tenant's certificate authorities as they are at one version. */
export interface TenantIssuer {
  readonly authorityVersion: number
  /** Signs what nodes show to clients. */
  readonly server: SigningAuthority
  /** Signs devices: the newest one, so that none has to be renewed twice. */
  readonly device: SigningAuthority
  /** PEM of each authority that signs servers, now or next: what profiles trust. */
  readonly profileCaPem: string
  /** PEM of each authority whose devices are let in: what nodes trust. */
  readonly deviceCaPem: string
}

/** Each tenant's own certificate authorities; the keys are sealed in the tenant's rows. */
@Injectable()
export class TenantAuthority {
  readonly #database: Database
  readonly #secrets: ClusterSecrets
  readonly #clock: Clock
  readonly #cache = new Map<string, TenantIssuer>()

  constructor(
    @Inject(Database) database: Database,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#secrets = secrets
    this.#clock = clock
  }

  /** Makes an authority in the tenant's session. Each has a name of its own: clients find an issuer by its name. */
  async create(
    session: TenantSession,
    tenant: { id: string; slug: string },
    state: AuthorityState & ('prepared' | 'active') = 'active',
  ): Promise<CertificateAuthority> {
    const nowMs = this.#clock.now()
    const id = randomUUID()
    const commonName = `Sallyport ${tenant.slug} ${id.slice(0, 8)}`
    const authority = await createAuthority({ commonName, nowMs, lifetimeDays: LIFETIME_DAYS })
    const sealedKey = this.#secrets.seal(PURPOSE, ownerOf(tenant.id, id), authority.privateKeyPkcs8)
    authority.privateKeyPkcs8.fill(0)
    return session.certificateAuthority.create({
      data: {
        tenantId: tenant.id,
        id,
        certificate: authority.certificatePem,
        sealedKey,
        notAfter: new Date(nowMs + LIFETIME_DAYS * 24 * 3600 * 1000),
        state,
        createdAt: new Date(nowMs),
      },
    })
  }

  /** Loads a tenant's authorities. The row of the tenant tells whether those that are at hand are the present ones. */
  async of(tenant: Pick<Tenant, 'id' | 'authorityVersion'>): Promise<TenantIssuer> {
    const { id: tenantId, authorityVersion } = tenant
    const cached = this.#cache.get(tenantId)
    if (cached !== undefined && cached.authorityVersion >= authorityVersion) return cached
    const rows = await this.#database.withTenant(tenantId, (session) =>
      session.certificateAuthority.findMany({
        where: { tenantId, state: { not: 'retired' } },
        orderBy: { createdAt: 'desc' },
      }),
    )
    const of = (state: AuthorityState): CertificateAuthority | undefined => rows.find((row) => row.state === state)
    const [active, prepared] = [of('active'), of('prepared')]
    if (active === undefined) throw new Error('the tenant has no active certificate authority')
    const server = await this.open(active)
    const loaded: TenantIssuer = {
      authorityVersion,
      server,
      device: prepared === undefined ? server : await this.open(prepared),
      profileCaPem: pemOf(rows.filter(({ state }) => state !== 'trusted')),
      deviceCaPem: pemOf(rows),
    }
    const [oldest] = this.#cache.keys()
    if (this.#cache.size >= MAX_CACHED && oldest !== undefined) this.#cache.delete(oldest)
    this.#cache.set(tenantId, loaded)
    return loaded
  }

  /** Makes one authority ready to sign, whatever its state. */
  async open({ tenantId, id, certificate, sealedKey }: CertificateAuthority): Promise<SigningAuthority> {
    const key = this.#secrets.open(PURPOSE, ownerOf(tenantId, id), sealedKey)
    try {
      return { authorityId: id, issuer: await SoftwareIssuer.load(certificate, key) }
    } finally {
      key.fill(0)
    }
  }
}

function ownerOf(tenantId: string, authorityId: string): string {
  return `${tenantId}/${authorityId}`
}

function pemOf(rows: readonly CertificateAuthority[]): string {
  return rows.map(({ certificate }) => certificate).join('')
}
