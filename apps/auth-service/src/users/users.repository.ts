import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession, type User } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { notFound } from '../http/api-problem.ts'

type UserChange = Partial<Omit<User, 'tenantId' | 'id' | 'username' | 'createdAt'>>

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

  update(user: Pick<User, 'tenantId' | 'id'>, change: UserChange, entry?: AuditEntry): Promise<User> {
    const { tenantId, id } = user
    return this.#in(tenantId, async (session) => {
      const updated = await session.user.update({ where: { tenantId_id: { tenantId, id } }, data: change })
      if (entry !== undefined) await recordAudit(session, tenantId, entry)
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
