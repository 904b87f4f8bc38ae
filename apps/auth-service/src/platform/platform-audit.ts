import { Inject, Injectable } from '@nestjs/common'
import { Database } from '@sallyport/database'
import type { Logger } from '@sallyport/telemetry'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import type { PlatformActor } from '../http/access.ts'
import { LOGGER } from '../runtime/tokens.ts'

/** What is done to the platform itself, which belongs to no tenant. */
@Injectable()
export class PlatformAudit {
  readonly #database: Database
  readonly #log: Logger

  constructor(@Inject(Database) database: Database, @Inject(LOGGER) log: Logger) {
    this.#database = database
    this.#log = log
  }

  /** Adds to the audit log of the operators' own tenant when there is one, and always to the service's log. */
  async write({ auditName: actor }: Pick<PlatformActor, 'auditName'>, entry: Omit<AuditEntry, 'actor'>): Promise<void> {
    const { action, target } = entry
    this.#log.info({ actor, action, target }, 'the platform was changed')
    const tenant = await this.#database.platform.tenant.findFirst({ where: { isPlatform: true }, select: { id: true } })
    if (tenant === null) return
    await this.#database.withTenant(tenant.id, (session) => recordAudit(session, tenant.id, { ...entry, actor }))
  }
}
