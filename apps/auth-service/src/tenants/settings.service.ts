import { Inject, Injectable } from '@nestjs/common'
import { Database, type TenantSession } from '@sallyport/database'

import { recordAudit } from '../audit/audit-log.ts'
import { readBranding, writeBranding } from '../branding/branding.service.ts'
import type { Actor } from '../http/access.ts'
import type { ChangeSettingsRequest, SettingsView } from './settings.schemas.ts'
import { changedSettings, columnsOf, settingsOf } from './tenant-settings.ts'

/** The settings of a tenant, as its own administrators see and change them. */
@Injectable()
export class SettingsService {
  readonly #database: Database

  constructor(@Inject(Database) database: Database) {
    this.#database = database
  }

  async get({ tenantId }: Actor): Promise<SettingsView> {
    return this.#database.withTenant(tenantId, async (session) => {
      const tenant = await session.tenant.findUniqueOrThrow({ where: { id: tenantId } })
      return { ...settingsOf(tenant), branding: await readBranding(session, tenant) }
    })
  }

  /** Changes what is given; nodes hear of it with the next authorisation or renegotiation. */
  async change(actor: Actor, { branding, ...request }: ChangeSettingsRequest): Promise<SettingsView> {
    const { tenantId } = actor
    return this.#database.withTenant(tenantId, async (session) => {
      await lockTenant(session, tenantId)
      const where = { id: tenantId }
      const tenant = await session.tenant.findUniqueOrThrow({ where })
      const settings = changedSettings(tenant, request)
      await session.tenant.update({ where, data: columnsOf(settings) })
      if (branding !== undefined) await writeBranding(session, tenantId, branding)
      await recordAudit(session, tenantId, {
        actor: actor.auditName,
        action: 'settings.change',
        target: `tenant:${tenantId}`,
        // Of its looks only what was changed: they are prose and a picture.
        details: { ...request, ...(branding === undefined ? {} : { branding: Object.keys(branding) }) },
      })
      return { ...settings, branding: await readBranding(session, tenant) }
    })
  }
}

/** Two changes at once must not go together where each would be refused after the other. */
async function lockTenant(session: TenantSession, tenantId: string): Promise<void> {
  await session.$queryRaw`SELECT 1 AS locked FROM tenants WHERE id = ${tenantId}::uuid FOR NO KEY UPDATE`
}
