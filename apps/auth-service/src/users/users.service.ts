import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { Database, isUniqueViolation, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import { recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { type Page, pageOf } from '../http/page.ts'
import { PasswordLinks } from '../links/password-links.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { SharedStoreAwayError } from '../runtime/shared-store.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { AttemptLimit } from '../sign-in/attempt-limit.ts'
import { addToGroups, refuseMemberships, replaceGroups } from './memberships.ts'
import { userEntryOf } from './user-audit.ts'
import { changesOf, columnsOf } from './user-change.ts'
import {
  lockAdministrators,
  refuseGreater,
  refuseGreaterRole,
  refuseLastAdministrator,
  refuseOwn,
} from './user-rights.ts'
import { userViewOf } from './user-view.ts'
import { getUser, type ShownUser, updateAsRead, updateUserAndEnd, UsersRepository } from './users.repository.ts'
import type { ChangeUserRequest, CreatedUser, CreateUserRequest, ListUsersQuery, UserView } from './users.schemas.ts'

/** What administrators do with users: see, create and change them. */
@Injectable()
export class UsersService {
  readonly #users: UsersRepository
  readonly #database: Database
  readonly #links: PasswordLinks
  readonly #policy: PolicyService
  readonly #attempts: AttemptLimit
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(Database) database: Database,
    @Inject(PasswordLinks) links: PasswordLinks,
    @Inject(PolicyService) policy: PolicyService,
    @Inject(AttemptLimit) attempts: AttemptLimit,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#users = users
    this.#database = database
    this.#links = links
    this.#policy = policy
    this.#attempts = attempts
    this.#orders = orders
    this.#clock = clock
  }

  async list({ tenantId }: Actor, query: ListUsersQuery): Promise<Page<UserView>> {
    const among = query.state === 'locked' ? await this.#attempts.waiting(tenantId) : undefined
    const rows = await this.#users.list(tenantId, query, among)
    const { items, next } = pageOf(rows, query.limit, ({ username }) => username)
    return { items: await this.#viewsOf(tenantId, items), next }
  }

  async get({ tenantId }: Actor, userId: string): Promise<UserView> {
    return this.#viewOf(await this.#users.get(tenantId, userId))
  }

  /** Creates a user with a one-time password, or without a password and with a link to choose one. */
  async create(actor: Actor, request: CreateUserRequest): Promise<CreatedUser> {
    const { tenantId } = actor
    const { username, role, displayName = null, email = null, groupIds, credential } = request
    if (groupIds.length > 0) refuseMemberships(actor)
    const oneTimePassword = credential === 'one-time-password' ? generateOneTimePassword() : undefined
    const passwordHash = oneTimePassword === undefined ? null : await hashPassword(oneTimePassword)
    const user = { tenantId, id: randomUUID(), username, role, displayName, email, passwordHash }
    const made = this.#database.withTenant(tenantId, async (session) => {
      const tenant = await session.tenant.findUniqueOrThrow({ where: { id: tenantId } })
      refuseGreaterRole(actor, role, tenant.isPlatform)
      await session.user.create({ data: user })
      await addToGroups(session, user, groupIds)
      await recordAudit(session, tenantId, userEntryOf(actor, 'user.create', user.id, { role, credential }))
      const link = oneTimePassword === undefined ? await this.#links.create(session, user, 'invitation') : undefined
      return { tenant, link }
    })
    const { tenant, link } = await made.catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error
      throw new ApiProblem(409, 'username-taken', `There is a user "${username}" already.`)
    })
    return {
      userId: user.id,
      username,
      ...(oneTimePassword === undefined ? {} : { oneTimePassword }),
      ...(link === undefined ? {} : { invitation: this.#links.deliver(link, 'invitation', user, tenant) }),
    }
  }

  /** Changes what is given and leaves the rest; whoever is disabled is out at once, everywhere. */
  async change(actor: Actor, userId: string, request: ChangeUserRequest): Promise<UserView> {
    const { tenantId } = actor
    const changed = await this.#database.withTenant(tenantId, async (session) => {
      if (request.disabled === true || request.role !== undefined) await lockAdministrators(session, tenantId)
      const user = await getUser(session, tenantId, userId)
      refuseChange(actor, user, request)
      await this.#apply(session, actor, user, request)
      if (request.disabled === true || request.role !== undefined) await refuseLastAdministrator(session, tenantId)
      return getUser(session, tenantId, userId)
    })
    if (request.disabled === true) {
      this.#orders.publish({ type: 'revoked', tenantId, userId, ...ENDINGS.userDisabled })
    } else if (request.groupIds !== undefined) await this.#policy.afterChange(tenantId, [userId])
    return this.#viewOf(changed)
  }

  async #viewsOf(tenantId: string, users: readonly ShownUser[]): Promise<UserView[]> {
    const waits = await this.#waitsOf(tenantId, users)
    return users.map((user, index) => userViewOf(user, waits[index] ?? 0))
  }

  async #viewOf(user: ShownUser): Promise<UserView> {
    const [lockedUntilMs = 0] = await this.#waitsOf(user.tenantId, [user])
    return userViewOf(user, lockedUntilMs)
  }

  /** None while Redis, which alone knows them, is away: a change that is stored is no failure for that. */
  async #waitsOf(tenantId: string, users: readonly ShownUser[]): Promise<number[]> {
    return this.#attempts.waitsOf(tenantId, users).catch((error: unknown) => {
      if (error instanceof SharedStoreAwayError) return []
      throw error
    })
  }

  async #apply(session: TenantSession, actor: Actor, user: ShownUser, request: ChangeUserRequest): Promise<void> {
    const now = new Date(this.#clock.now())
    const regrouped = request.groupIds !== undefined && (await replaceGroups(session, user, request.groupIds))
    const { action, details } = changesOf(user, request, regrouped)
    const entry = userEntryOf(actor, action, user.id, details)
    const columns = columnsOf(user, request, now)
    if (request.disabled === true) await updateUserAndEnd(session, user, columns, now, entry)
    else await updateAsRead(session, user, columns, entry)
    // A link that went to the address before this one would still open the account.
    if (columns.email !== undefined && columns.email !== user.email) await this.#links.endAll(session, user)
  }
}

function refuseChange(actor: Actor, user: ShownUser, { disabled, role, groupIds }: ChangeUserRequest): void {
  refuseGreater(actor, user)
  if (groupIds !== undefined) refuseMemberships(actor)
  if (disabled === true) refuseOwn(actor, user.id, 'disable')
  if (role === undefined || role === user.role) return
  refuseOwn(actor, user.id, 'change the role of')
  refuseGreaterRole(actor, role, user.tenant.isPlatform)
}
