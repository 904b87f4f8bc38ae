import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession, type User } from '@sallyport/database'

import { revokeTokensOf } from '../api-tokens/api-token-revocation.ts'
import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { requestEnds } from '../connections/connection-locks.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { containing } from '../http/containing.ts'
import type { ListUsersQuery } from './users.schemas.ts'

/** What may be changed of a user. */
export type UserChange = Partial<Omit<User, 'tenantId' | 'id' | 'username' | 'tokenGeneration' | 'createdAt'>>
/** A user as they were read. */
export type ReadUser = Pick<User, 'tenantId' | 'id' | 'tokenGeneration'>

/** A user with what administrators see of them. */
export type ShownUser = User & {
  readonly tenant: { readonly isPlatform: boolean }
  readonly memberships: readonly {
    readonly group: { readonly id: string; readonly name: string; readonly position: number }
  }[]
  readonly _count: { readonly passkeys: number; readonly recoveryCodes: number }
}

/** Users by their names or ids. */
export interface AmongUsers {
  readonly usernames: readonly string[]
  readonly userIds: readonly string[]
}

const SHOWN = {
  tenant: { select: { isPlatform: true } },
  memberships: {
    select: { group: { select: { id: true, name: true, position: true } } },
    orderBy: { group: { position: 'asc' } },
  },
  _count: { select: { passkeys: true, recoveryCodes: { where: { usedAt: null } } } },
} as const

const FOR_PASSWORDS = ['invitation', 'password-reset']

/** A tenant's users. */
@Injectable()
export class UsersRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  /** Gives the users by name, one more than asked for; `among` are the only ones, if it is given. */
  list(tenantId: string, query: ListUsersQuery, among?: AmongUsers): Promise<ShownUser[]> {
    const { limit, after, groupId, role } = query
    return this.#in(tenantId, (session) =>
      session.user.findMany({
        where: {
          tenantId,
          ...(after === undefined ? {} : { username: { gt: after } }),
          ...(role === undefined ? {} : { role }),
          ...(groupId === undefined ? {} : { memberships: { some: { groupId } } }),
          ...stateFilter(query.state),
          AND: [amongFilter(among), factorFilter(query.factor), searchFilter(query.search)],
        },
        include: SHOWN,
        orderBy: { username: 'asc' },
        take: limit + 1,
      }),
    )
  }

  findByName(tenantId: string, username: string): Promise<User | null> {
    return this.#in(tenantId, (session) =>
      session.user.findUnique({ where: { tenantId_username: { tenantId, username } } }),
    )
  }

  /** Throws the 404 when the tenant has no such user. */
  get(tenantId: string, id: string): Promise<ShownUser> {
    return this.#in(tenantId, (session) => getUser(session, tenantId, id))
  }

  /** Changes a user; throws the 409 when their sign-ins were ended since they were read. */
  update(user: ReadUser, change: UserChange, entry?: AuditEntry): Promise<User> {
    return this.#in(user.tenantId, (session) => updateAsRead(session, user, change, entry))
  }

  /** The same, and ends every session, token and connection of the user; the order to the nodes is the caller's. */
  updateAndEnd(user: ReadUser, change: UserChange, endRequestedAt: Date, entry: AuditEntry): Promise<User> {
    return this.#in(user.tenantId, (session) => updateUserAndEnd(session, user, change, endRequestedAt, entry))
  }

  audit(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.#in(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  #in<Result>(tenantId: string, work: (session: TenantSession) => Promise<Result>): Promise<Result> {
    return this.#database.withTenant(tenantId, work)
  }
}

/** Reads a user with what is shown of them; throws the 404 when the tenant has no such user. */
export async function getUser(session: TenantSession, tenantId: string, id: string): Promise<ShownUser> {
  const user = await session.user.findUnique({ where: { tenantId_id: { tenantId, id } }, include: SHOWN })
  if (user === null) throw notFound('user')
  return user
}

/** As the repository's `updateAndEnd`, in the transaction of something greater. */
export async function updateUserAndEnd(
  session: TenantSession,
  user: ReadUser,
  change: UserChange,
  endRequestedAt: Date,
  entry: AuditEntry,
): Promise<User> {
  const { tenantId, id: userId } = user
  const updated = await updateAsRead(session, user, { ...change, tokenGeneration: { increment: 1 } }, entry)
  await requestEnds(session, tenantId, { userId }, endRequestedAt)
  await revokeTokensOf(session, user, endRequestedAt)
  // A link that was sent for the password before this one could set it back.
  if (change.passwordHash !== undefined) {
    await session.oneTimeLink.deleteMany({ where: { tenantId, userId, usedAt: null, purpose: { in: FOR_PASSWORDS } } })
  }
  return updated
}

/** As the repository's `update`, in the transaction of something greater. */
export async function updateAsRead(
  session: TenantSession,
  { tenantId, id, tokenGeneration }: ReadUser,
  data: UserChange & { readonly tokenGeneration?: { readonly increment: number } },
  entry: AuditEntry | undefined,
): Promise<User> {
  const updated = await session.user.updateMany({ where: { tenantId, id, tokenGeneration }, data })
  if (updated.count !== 1) {
    throw new ApiProblem(409, 'changed-meanwhile', 'This account was changed meanwhile. Please try again.')
  }
  if (entry !== undefined) await recordAudit(session, tenantId, entry)
  return session.user.findUniqueOrThrow({ where: { tenantId_id: { tenantId, id } } })
}

function stateFilter(state: ListUsersQuery['state']): object {
  if (state === undefined || state === 'locked') return {}
  if (state === 'disabled') return { disabledAt: { not: null } }
  return state === 'enabled' ? { disabledAt: null } : { disabledAt: null, passwordHash: null }
}

function amongFilter(among: AmongUsers | undefined): object {
  if (among === undefined) return {}
  return { OR: [{ username: { in: [...among.usernames] } }, { id: { in: [...among.userIds] } }] }
}

function factorFilter(factor: ListUsersQuery['factor']): object {
  if (factor === undefined) return {}
  const enrolled = [
    { totpConfirmedAt: { not: null } },
    { passkeys: { some: {} } },
    { recoveryCodes: { some: { usedAt: null } } },
  ]
  return factor === 'enrolled' ? { OR: enrolled } : { NOT: enrolled }
}

function searchFilter(search: string | undefined): object {
  if (search === undefined || search === '') return {}
  return { OR: ['username', 'displayName', 'email'].map((column) => ({ [column]: containing(search) })) }
}
