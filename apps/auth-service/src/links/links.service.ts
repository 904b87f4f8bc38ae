import { Inject, Injectable } from '@nestjs/common'
import { Database } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { findPasswordProblem, hashPassword } from '@sallyport/identity'

import { ApiProblem } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { updateUserAndEnd } from '../users/users.repository.ts'
import type { LinkView } from './links.schemas.ts'
import { type FoundLink, OneTimeLinks } from './one-time-links.ts'

const ACTIONS = { invitation: 'user.accept-invitation', 'password-reset': 'user.choose-password' } as const

/** What the receiver of a link does with it. */
@Injectable()
export class LinksService {
  readonly #links: OneTimeLinks
  readonly #database: Database
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(OneTimeLinks) links: OneTimeLinks,
    @Inject(Database) database: Database,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#links = links
    this.#database = database
    this.#orders = orders
    this.#clock = clock
  }

  async view(token: string): Promise<LinkView> {
    const { purpose, tenant, user, expiresAt } = await this.#find(token)
    const { slug, name } = tenant
    return { purpose, tenant: { slug, name }, username: user.username, expiresAt: expiresAt.toISOString() }
  }

  /** Sets the password of the link's user and ends their sessions and connections; they sign in with it, and a factor. */
  async choosePassword(token: string, password: string): Promise<void> {
    const { user, purpose } = await this.#find(token)
    if (purpose === 'profile') throw notValid()
    const problem = findPasswordProblem({ password, username: user.username })
    if (problem !== undefined) throw new ApiProblem(400, 'weak-password', problem.message)
    const change = { passwordHash: await hashPassword(password), oneTimePassword: false }
    const { tenantId, id: userId } = user
    const entry = { actor: `user:${userId}`, action: ACTIONS[purpose], target: `user:${userId}`, userId }
    await this.#database.withTenant(tenantId, async (session) => {
      if ((await this.#links.useUp(session, token, purpose)) === undefined) throw notValid()
      await updateUserAndEnd(session, user, change, new Date(this.#clock.now()), entry)
    })
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ENDINGS.passwordChanged })
  }

  async #find(token: string): Promise<FoundLink> {
    const found = await this.#links.find(token)
    if (found === undefined) throw notValid()
    return found
  }
}

/** The same for what never was, was used, is too old, or belongs to somebody who may not come in. */
function notValid(): ApiProblem {
  return new ApiProblem(
    404,
    'link-not-valid',
    'This link was used, has expired or never was. Please ask for a new one.',
  )
}
