import { Inject, Injectable } from '@nestjs/common'
import { Database, type OneTimeLink, type Tenant, type TenantSession, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { z } from 'zod'

import type { Settings } from '../runtime/settings.ts'
import { CLOCK, SETTINGS } from '../runtime/tokens.ts'
import { createLinkToken, type LinkToken, parseLinkToken } from './link-token.ts'

/** What a link is for. Those for a password end each other: a user has one that works at most. */
export const linkPurpose = z.enum(['invitation', 'password-reset', 'profile'])
export type LinkPurpose = z.infer<typeof linkPurpose>

/** What a new link is to be. */
export interface NewLink {
  readonly tenantId: string
  readonly userId: string
  readonly purpose: LinkPurpose
  readonly expiresInSeconds: number
}

/** What a link gives, sealed by the caller; gone from the row as soon as it was fetched. */
export type SealedPayload = Uint8Array<ArrayBuffer>

/** A link as its receiver gets it. The token is a secret, and so is the URL. */
export interface CreatedLink {
  readonly token: string
  readonly url: string
  readonly expiresAt: Date
}

/** A link that works, with whom it is for. */
export type FoundLink = Omit<OneTimeLink, 'purpose'> & {
  readonly purpose: LinkPurpose
  readonly user: User
  readonly tenant: Tenant
}

const FOR_PASSWORDS: LinkPurpose[] = ['invitation', 'password-reset']

/** Links that work once and expire. Only the digest of their secret is stored, and they are found by it. */
@Injectable()
export class OneTimeLinks {
  readonly #database: Database
  readonly #settings: Settings
  readonly #clock: Clock

  constructor(@Inject(Database) database: Database, @Inject(SETTINGS) settings: Settings, @Inject(CLOCK) clock: Clock) {
    this.#database = database
    this.#settings = settings
    this.#clock = clock
  }

  /** Makes a link. One for a password ends the earlier ones of its user. */
  async create(session: TenantSession, link: NewLink & { readonly payload?: SealedPayload }): Promise<CreatedLink> {
    const { tenantId, userId, payload } = link
    if (FOR_PASSWORDS.includes(link.purpose)) await this.endPasswordLinks(session, { tenantId, id: userId })
    const { row, created } = this.#make(link)
    const data = payload === undefined ? row : { ...row, sealedPayload: payload }
    await session.oneTimeLink.create({ data, select: { id: true } })
    return created
  }

  /** Makes links of many users at once, in their order; it ends none. */
  async createMany(session: TenantSession, links: readonly NewLink[]): Promise<CreatedLink[]> {
    const made = links.map((link) => this.#make(link))
    const rows = JSON.stringify(made.map(({ row }) => row))
    await session.$queryRaw`
      INSERT INTO one_time_links (tenant_id, user_id, purpose, secret_sha256, expires_at)
      SELECT "tenantId", "userId", purpose, "secretSha256", "expiresAt"
      FROM jsonb_to_recordset(${rows}::jsonb)
        AS given ("tenantId" uuid, "userId" uuid, purpose text, "secretSha256" text, "expiresAt" timestamptz)`
    return made.map(({ created }) => created)
  }

  #make({ tenantId, userId, purpose, expiresInSeconds }: NewLink) {
    const { token, secretSha256 } = createLinkToken(tenantId)
    const expiresAt = new Date(this.#clock.now() + expiresInSeconds * 1000)
    const row = { tenantId, userId, purpose, secretSha256, expiresAt }
    return { row, created: { token, url: this.#urlOf(token), expiresAt } }
  }

  /** Ends the links with which a user could choose a password. */
  async endPasswordLinks(session: TenantSession, user: Pick<User, 'tenantId' | 'id'>): Promise<void> {
    const where = { tenantId: user.tenantId, userId: user.id, usedAt: null, purpose: { in: FOR_PASSWORDS } }
    await session.oneTimeLink.deleteMany({ where })
  }

  /** Finds a link that works: not used, not expired, its user not disabled, their tenant not suspended. */
  async find(token: string): Promise<FoundLink | undefined> {
    const parsed = parseLinkToken(token)
    if (parsed === undefined) return undefined
    const { tenantId, secretSha256 } = parsed
    const found = await this.#database.withTenant(tenantId, (session) =>
      session.oneTimeLink.findUnique({
        where: {
          tenantId_secretSha256: { tenantId, secretSha256 },
          ...this.#unused(),
          user: { disabledAt: null },
          tenant: { suspendedAt: null },
        },
        include: { user: true, tenant: true },
      }),
    )
    return found === null ? undefined : { ...found, purpose: linkPurpose.parse(found.purpose) }
  }

  /**
   * Uses a link up, in the transaction of what it is good for, and gives it as it was, with its payload; `undefined` when
   * it does not work any more. Whether its user may still use it is the caller's to ask.
   */
  async useUp(session: TenantSession, token: string, purpose: LinkPurpose): Promise<OneTimeLink | undefined> {
    const parsed = parseLinkToken(token)
    return parsed === undefined ? undefined : this.#useUp(session, parsed, purpose)
  }

  async #useUp(
    session: TenantSession,
    { tenantId, secretSha256 }: LinkToken,
    purpose: LinkPurpose,
  ): Promise<OneTimeLink | undefined> {
    const before = await session.oneTimeLink.findUnique({
      where: { tenantId_secretSha256: { tenantId, secretSha256 }, purpose },
    })
    // Columns of its own row only: PostgreSQL looks at them again when it waited for another who used the link.
    const used = await session.oneTimeLink.updateMany({
      where: { tenantId, secretSha256, purpose, ...this.#unused() },
      data: { usedAt: new Date(this.#clock.now()), sealedPayload: null },
    })
    return used.count === 1 ? (before ?? undefined) : undefined
  }

  #unused(): { usedAt: null; expiresAt: { gt: Date } } {
    return { usedAt: null, expiresAt: { gt: new Date(this.#clock.now()) } }
  }

  #urlOf(token: string): string {
    return `${this.#settings.AUTH_PUBLIC_URL.replace(/\/+$/, '')}/link/${token}`
  }
}
