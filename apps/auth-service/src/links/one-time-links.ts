import { Inject, Injectable } from '@nestjs/common'
import { Database, type OneTimeLink, type Tenant, type TenantSession, type User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { z } from 'zod'

import type { Settings } from '../runtime/settings.ts'
import { CLOCK, SETTINGS } from '../runtime/tokens.ts'
import { type LinkRefusal, UNKNOWN_LINK } from './link-refusal.ts'
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
  readonly result: 'found'
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
    return { row, created: { token, url: this.urlOf(token), expiresAt } }
  }

  /** Ends the links with which a user could choose a password. */
  async endPasswordLinks(session: TenantSession, user: Pick<User, 'tenantId' | 'id'>): Promise<void> {
    const where = { tenantId: user.tenantId, userId: user.id, usedAt: null, purpose: { in: FOR_PASSWORDS } }
    await session.oneTimeLink.deleteMany({ where })
  }

  /** Finds a link that works; one of a user who is disabled, or of a tenant that is suspended, is as if it were not. */
  async find(token: string): Promise<FoundLink | LinkRefusal> {
    const parsed = parseLinkToken(token)
    if (parsed === undefined) return UNKNOWN_LINK
    const { tenantId, secretSha256 } = parsed
    const link = await this.#database.withTenant(tenantId, (session) =>
      session.oneTimeLink.findUnique({
        where: {
          tenantId_secretSha256: { tenantId, secretSha256 },
          user: { disabledAt: null },
          tenant: { suspendedAt: null },
        },
        include: { user: true, tenant: true },
      }),
    )
    if (link === null) return UNKNOWN_LINK
    const purpose = linkPurpose.parse(link.purpose)
    if (link.usedAt !== null) return { result: 'link-used', purpose }
    if (link.expiresAt.getTime() <= this.#clock.now()) return { result: 'link-expired', purpose }
    return { ...link, result: 'found', purpose }
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
    const now = new Date(this.#clock.now())
    // Columns of its own row only: PostgreSQL looks at them again when it waited for another who used the link.
    const used = await session.oneTimeLink.updateMany({
      where: { tenantId, secretSha256, purpose, usedAt: null, expiresAt: { gt: now } },
      data: { usedAt: now, sealedPayload: null },
    })
    return used.count === 1 ? (before ?? undefined) : undefined
  }

  /** Where a person looks at a link: the portal shows whose it is and what it does. */
  urlOf(token: string): string {
    return `${this.#settings.AUTH_PUBLIC_URL.replace(/\/+$/, '')}/link/${token}`
  }
}
