import { Inject, Injectable } from '@nestjs/common'
import type { Tenant, TenantSession, User } from '@sallyport/database'

import { linkMailOf } from '../mail/link-mail.ts'
import { Mailer } from '../mail/mailer.ts'
import { type CreatedLink, OneTimeLinks } from './one-time-links.ts'

const HOUR_SECONDS = 3600
/** An invitation waits for a new colleague's first week; what a user asked for is used at once or not at all. */
const LIFETIME_SECONDS = {
  invitation: 7 * 24 * HOUR_SECONDS,
  'reset-by-administrator': 24 * HOUR_SECONDS,
  'reset-by-user': HOUR_SECONDS,
} as const

/** Why somebody is to choose a password. */
export type PasswordOccasion = keyof typeof LIFETIME_SECONDS

/** A link with what became of its mail. */
export interface DeliveredLink {
  readonly url: string
  readonly expiresAt: string
  readonly mailed: boolean
}

/** Links with which people choose their password, and the mails that bring them. */
@Injectable()
export class PasswordLinks {
  readonly #links: OneTimeLinks
  readonly #mailer: Mailer

  constructor(@Inject(OneTimeLinks) links: OneTimeLinks, @Inject(Mailer) mailer: Mailer) {
    this.#links = links
    this.#mailer = mailer
  }

  /** Makes the link of one user; it ends the earlier ones. */
  create(
    session: TenantSession,
    user: Pick<User, 'tenantId' | 'id'>,
    occasion: PasswordOccasion,
  ): Promise<CreatedLink> {
    return this.#links.create(session, newLinkOf(user, occasion))
  }

  /** Makes a link for each user, in their order; the links that they have go on working. */
  add(
    session: TenantSession,
    users: readonly Pick<User, 'tenantId' | 'id'>[],
    occasion: PasswordOccasion,
  ): Promise<CreatedLink[]> {
    return this.#links.createMany(
      session,
      users.map((user) => newLinkOf(user, occasion)),
    )
  }

  /** Ends the links with which a user could choose a password. */
  endAll(session: TenantSession, user: Pick<User, 'tenantId' | 'id'>): Promise<void> {
    return this.#links.endPasswordLinks(session, user)
  }

  /** Mails a link that was stored to its user, when they have an address and there is an SMTP server. */
  deliver(
    link: CreatedLink,
    occasion: PasswordOccasion,
    user: Pick<User, 'username' | 'email'>,
    tenant: Pick<Tenant, 'slug' | 'name'>,
  ): DeliveredLink {
    const { url, expiresAt } = link
    const mail = { to: user.email ?? '', username: user.username, tenantSlug: tenant.slug, tenantName: tenant.name }
    const purpose = purposeOf(occasion)
    const mailed = user.email !== null && this.#mailer.send(linkMailOf({ ...mail, purpose, url, expiresAt }))
    return { url, expiresAt: expiresAt.toISOString(), mailed }
  }
}

function newLinkOf(
  { tenantId, id: userId }: Pick<User, 'tenantId' | 'id'>,
  occasion: PasswordOccasion,
): { tenantId: string; userId: string; purpose: 'invitation' | 'password-reset'; expiresInSeconds: number } {
  return { tenantId, userId, purpose: purposeOf(occasion), expiresInSeconds: LIFETIME_SECONDS[occasion] }
}

function purposeOf(occasion: PasswordOccasion): 'invitation' | 'password-reset' {
  return occasion === 'invitation' ? 'invitation' : 'password-reset'
}
