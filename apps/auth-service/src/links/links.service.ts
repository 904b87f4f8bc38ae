import { Inject, Injectable } from '@nestjs/common'
import { Database } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { findPasswordProblem, hashPassword } from '@sallyport/identity'

import { BrandingService } from '../branding/branding.service.ts'
import type { ApiProblem } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { updateUserAndEnd } from '../users/users.repository.ts'
import { weakPassword } from '../users/weak-password.ts'
import { linkProblem, UNKNOWN_LINK } from './link-refusal.ts'
import type { LinkView } from './links.schemas.ts'
import { type FoundLink, OneTimeLinks } from './one-time-links.ts'

const ACTIONS = { invitation: 'user.accept-invitation', 'password-reset': 'user.choose-password' } as const

/** What the receiver of a link does with it. */
@Injectable()
export class LinksService {
  readonly #links: OneTimeLinks
  readonly #database: Database
  readonly #brandings: BrandingService
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(OneTimeLinks) links: OneTimeLinks,
    @Inject(Database) database: Database,
    @Inject(BrandingService) brandings: BrandingService,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#links = links
    this.#database = database
    this.#brandings = brandings
    this.#orders = orders
    this.#clock = clock
  }

  /** Tells whose link it is and what it does, and uses nothing up. */
  async view(token: string): Promise<LinkView> {
    const { purpose, tenant, user, expiresAt } = await this.#find(token)
    const { slug, name } = tenant
    const branding = await this.#brandings.of(tenant)
    const { username } = user
    return { purpose, tenant: { slug, name }, branding, username, expiresAt: expiresAt.toISOString() }
  }

  /** Sets the password of the link's user and ends their sessions and connections; they sign in with it, and a factor. */
  async choosePassword(token: string, password: string): Promise<void> {
    const { user, purpose } = await this.#find(token)
    if (purpose === 'profile') throw linkProblem(UNKNOWN_LINK)
    const problem = findPasswordProblem({ password, username: user.username })
    if (problem !== undefined) throw weakPassword(problem)
    const change = { passwordHash: await hashPassword(password), oneTimePassword: false }
    const { tenantId, id: userId } = user
    const entry = { actor: `user:${userId}`, action: ACTIONS[purpose], target: `user:${userId}`, userId }
    const isChosen = await this.#database.withTenant(tenantId, async (session) => {
      if ((await this.#links.useUp(session, token, purpose)) === undefined) return false
      await updateUserAndEnd(session, user, change, new Date(this.#clock.now()), entry)
      return true
    })
    if (!isChosen) throw await this.#overProblem(token)
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ENDINGS.passwordChanged })
  }

  async #find(token: string): Promise<FoundLink> {
    const found = await this.#links.find(token)
    if (found.result !== 'found') throw linkProblem(found)
    return found
  }

  /** Says what became of a link that worked a moment ago. */
  async #overProblem(token: string): Promise<ApiProblem> {
    const now = await this.#links.find(token)
    return linkProblem(now.result === 'found' ? UNKNOWN_LINK : now)
  }
}
