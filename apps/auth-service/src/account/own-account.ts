import { Inject, Injectable } from '@nestjs/common'
import { Database, type Tenant, type TenantSession, type User } from '@sallyport/database'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { type PortalLook, PortalPolicy } from '../sign-in/portal-policy.ts'

/** Somebody's own account, as it is in this transaction. */
export interface Own {
  readonly session: TenantSession
  readonly user: User
  readonly tenant: Tenant
  /** What the policy would say to a sign-in without a second factor. */
  readonly look: PortalLook
  /** Writes into the audit log what the person did with the account, or with `target`. */
  readonly audit: (entry: Pick<AuditEntry, 'action' | 'target' | 'details'>) => Promise<void>
}

/** Reads the account of who is signed in, in one transaction with what they do with it. */
@Injectable()
export class OwnAccount {
  readonly #database: Database
  readonly #policy: PortalPolicy

  constructor(@Inject(Database) database: Database, @Inject(PortalPolicy) policy: PortalPolicy) {
    this.#database = database
    this.#policy = policy
  }

  /** Throws the 401 when the account is gone. */
  run<Result>(
    { tenantId, userId, auditName: actor }: Actor,
    work: (own: Own) => Promise<Result> | Result,
  ): Promise<Result> {
    return this.#database.withTenant(tenantId, async (session) => {
      const found = await session.user.findFirst({ where: { tenantId, id: userId }, include: { tenant: true } })
      if (found === null) throw new ApiProblem(401, 'not-signed-in', 'Please sign in.')
      const { tenant, ...user } = found
      // Where they are does not matter to what the portal asks for.
      const look = await this.#policy.look(session, user, tenant, { address: '', factor: null })
      const audit: Own['audit'] = (entry) =>
        recordAudit(session, tenantId, { actor, userId, target: `user:${userId}`, ...entry })
      return work({ session, user, tenant, look, audit })
    })
  }
}
