import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import { type AuditDetails, recordAudit } from '../audit/audit-log.ts'
import { Factors } from '../factors/factors.ts'
import type { Actor } from '../http/access.ts'
import { PasswordLinks } from '../links/password-links.ts'
import { type Ending, ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { AttemptLimit } from '../sign-in/attempt-limit.ts'
import { userEntryOf } from './user-audit.ts'
import { refuseGreater, refuseOwn } from './user-rights.ts'
import { getUser, type ShownUser, updateUserAndEnd, type UserChange } from './users.repository.ts'
import type { ResetPasswordRequest, ResetPasswordResponse } from './users.schemas.ts'

/** What administrators do with what users sign in with. */
@Injectable()
export class UserCredentialsService {
  readonly #database: Database
  readonly #links: PasswordLinks
  readonly #factors: Factors
  readonly #attempts: AttemptLimit
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(PasswordLinks) links: PasswordLinks,
    @Inject(Factors) factors: Factors,
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#links = links
    this.#factors = factors
    this.#attempts = attempts
    this.#orders = orders
    this.#clock = clock
  }

  /** Ends the password that a user has, and gives them a way to a new one; one's own wants the one before. */
  async resetPassword(actor: Actor, userId: string, { by }: ResetPasswordRequest): Promise<ResetPasswordResponse> {
    refuseOwn(actor, userId, 'reset the password of')
    return by === 'link' ? this.#resetByLink(actor, userId) : this.#resetByOneTimePassword(actor, userId)
  }

  /** Takes every second factor away, one's own never; the time to enrol a new one runs from now. */
  async resetFactors(actor: Actor, userId: string): Promise<void> {
    refuseOwn(actor, userId, 'reset the factors of')
    await this.#end(actor, userId, ENDINGS.factorsReset, { action: 'user.reset-factors' }, (session, user) =>
      this.#factors.removeAll(session, user),
    )
  }

  /** Lets a user who has to wait after too many wrong attempts try again at once. */
  async unlock(actor: Actor, userId: string): Promise<void> {
    const { tenantId } = actor
    const { username } = await this.#database.withTenant(tenantId, async (session) => {
      const user = await this.#get(session, actor, userId)
      await recordAudit(session, tenantId, userEntryOf(actor, 'user.unlock', userId))
      return user
    })
    await this.#attempts.unlock(tenantId, username, userId)
  }

  /** Ends everything that a user has open: portal sessions, API tokens, connections. They may sign in again. */
  async endSessions(actor: Actor, userId: string): Promise<void> {
    await this.#end(actor, userId, ENDINGS.connectionEnded, { action: 'user.end-sessions' }, nothing)
  }

  async #resetByOneTimePassword(actor: Actor, userId: string): Promise<ResetPasswordResponse> {
    const oneTimePassword = generateOneTimePassword()
    const change = { passwordHash: await hashPassword(oneTimePassword), oneTimePassword: true }
    const details = { by: 'one-time-password' }
    await this.#end(actor, userId, ENDINGS.passwordReset, { action: 'user.reset-password', change, details }, nothing)
    return { oneTimePassword }
  }

  async #resetByLink(actor: Actor, userId: string): Promise<ResetPasswordResponse> {
    const change = { passwordHash: null, oneTimePassword: false }
    const details = { by: 'link' }
    const event = { action: 'user.reset-password', change, details }
    const { user, result } = await this.#end(actor, userId, ENDINGS.passwordReset, event, async (session, found) => ({
      tenant: await session.tenant.findUniqueOrThrow({ where: { id: found.tenantId } }),
      link: await this.#links.create(session, found, 'reset-by-administrator'),
    }))
    return { link: this.#links.deliver(result.link, 'reset-by-administrator', user, result.tenant) }
  }

  /** Changes a user and ends their sessions, does the rest, and tells the nodes to end their connections. */
  async #end<Result>(
    actor: Actor,
    userId: string,
    ending: Ending,
    { action, change = {}, details }: { action: string; change?: UserChange; details?: AuditDetails },
    rest: (session: TenantSession, user: ShownUser) => Promise<Result>,
  ): Promise<{ user: ShownUser; result: Result }> {
    const { tenantId } = actor
    const done = await this.#database.withTenant(tenantId, async (session) => {
      const user = await this.#get(session, actor, userId)
      const entry = userEntryOf(actor, action, userId, details)
      await updateUserAndEnd(session, user, change, new Date(this.#clock.now()), entry)
      return { user, result: await rest(session, user) }
    })
    this.#orders.publish({ type: 'revoked', tenantId, userId, ...ending })
    return done
  }

  async #get(session: TenantSession, actor: Actor, userId: string): Promise<ShownUser> {
    const user = await getUser(session, actor.tenantId, userId)
    refuseGreater(actor, user)
    return user
  }
}

async function nothing(): Promise<void> {
  await Promise.resolve()
}
