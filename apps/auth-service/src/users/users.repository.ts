import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession, type User } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'

/** What may be changed of a user. */
export type UserChange = Partial<Omit<User, 'tenantId' | 'id' | 'username' | 'tokenGeneration' | 'createdAt'>>
/** A user as they were read. */
type ReadUser = Pick<User, 'tenantId' | 'id' | 'tokenGeneration'>

/** A tenant's users. */
@Injectable()
export class UsersRepository {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  list(tenantId: string): Promise<User[]> {
    return this.#in(tenantId, (session) => session.user.findMany({ where: { tenantId }, orderBy: { username: 'asc' } }))
  }

  findByName(tenantId: string, username: string): Promise<User | null> {
    return this.#in(tenantId, (session) =>
      session.user.findUnique({ where: { tenantId_username: { tenantId, username } } }),
    )
  }

  /** Throws the 404 when the tenant has no such user. */
  async get(tenantId: string, id: string): Promise<User> {
    const user = await this.#in(tenantId, (session) =>
      session.user.findUnique({ where: { tenantId_id: { tenantId, id } } }),
    )
    if (user === null) throw notFound('user')
    return user
  }

  create(user: Pick<User, 'tenantId' | 'id' | 'username' | 'role' | 'passwordHash'>, entry: AuditEntry): Promise<User> {
    return this.#in(user.tenantId, async (session) => {
      const created = await session.user.create({ data: user })
      await recordAudit(session, user.tenantId, entry)
      return created
    })
  }

  /** Changes a user; throws the 409 when their sign-ins were ended since they were read. */
  update(user: ReadUser, change: UserChange, entry?: AuditEntry): Promise<User> {
    return this.#in(user.tenantId, (session) => updateAsRead(session, user, change, entry))
  }

  /** The same, and ends every session, token and connection of the user; the order to the nodes is the caller's. */
  updateAndEnd(user: ReadUser, change: UserChange, endRequestedAt: Date, entry: AuditEntry): Promise<User> {
    const { tenantId, id: userId } = user
    return this.#in(tenantId, async (session) => {
      const updated = await updateAsRead(session, user, { ...change, tokenGeneration: { increment: 1 } }, entry)
      const where = { tenantId, userId, endedAt: null, endRequestedAt: null }
      await session.connection.updateMany({ where, data: { endRequestedAt } })
      return updated
    })
  }

  audit(tenantId: string, entry: AuditEntry): Promise<void> {
    return this.#in(tenantId, (session) => recordAudit(session, tenantId, entry))
  }

  #in<Result>(tenantId: string, work: (session: TenantSession) => Promise<Result>): Promise<Result> {
    return this.#database.withTenant(tenantId, work)
  }
}

async function updateAsRead(
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
