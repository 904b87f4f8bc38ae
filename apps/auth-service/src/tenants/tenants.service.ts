import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { Database, isUniqueViolation, type Tenant, type TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import { type AuditEntry, recordAudit } from '../audit/audit-log.ts'
import { requestEnds } from '../connections/connection-locks.ts'
import { StaticKeys } from '../handshake-keys/static-keys.ts'
import type { PlatformActor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { userEntryOf } from '../users/user-audit.ts'
import { refuseTakenNamespaces, refuseUsedNamespaces } from './namespaces.ts'
import { TenantAuthority } from './tenant-authority.ts'
import { changedSettings, columnsOf, settingsOf } from './tenant-settings.ts'
import { TenantsRepository } from './tenants.repository.ts'
import type {
  ChangeTenantRequest,
  CreatedTenant,
  CreateTenantRequest,
  ListTenantsQuery,
  TenantSettings,
  TenantView,
} from './tenants.schemas.ts'

/** Creates, suspends and configures tenants, for the operator. */
@Injectable()
export class TenantsService {
  readonly #database: Database
  readonly #tenants: TenantsRepository
  readonly #authority: TenantAuthority
  readonly #staticKeys: StaticKeys
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(TenantAuthority) authority: TenantAuthority,
    @Inject(StaticKeys) staticKeys: StaticKeys,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#tenants = tenants
    this.#authority = authority
    this.#staticKeys = staticKeys
    this.#orders = orders
    this.#clock = clock
  }

  async create(
    caller: PlatformActor,
    { slug, name, administrator, namespaces }: CreateTenantRequest,
  ): Promise<CreatedTenant> {
    const tenant = { id: randomUUID(), slug, name, namespaces }
    const oneTimePassword = generateOneTimePassword()
    const passwordHash = await hashPassword(oneTimePassword)
    try {
      const user = await this.#database.withNamespaces(tenant.id, async (session) => {
        await refuseTakenNamespaces(session, tenant.id, namespaces)
        await session.tenant.create({ data: tenant })
        await this.#authority.create(session, tenant)
        const data = { tenantId: tenant.id, username: administrator.username, role: 'administrator', passwordHash }
        const created = await session.user.create({ data })
        await recordAudit(session, tenant.id, entryOf(caller, 'tenant.create', tenant.id))
        await recordAudit(session, tenant.id, userEntryOf(caller, 'user.create', created.id, { role: created.role }))
        return created
      })
      return {
        tenantId: tenant.id,
        slug,
        administrator: { userId: user.id, username: user.username, oneTimePassword },
      }
    } catch (error) {
      if (isUniqueViolation(error)) throw new ApiProblem(409, 'slug-taken', `There is a tenant "${slug}" already.`)
      throw error
    }
  }

  async list(query: ListTenantsQuery): Promise<Page<TenantView>> {
    const rows = await this.#tenants.list(query)
    return mapPage(
      pageOf(rows, query.limit, ({ slug }) => slug),
      viewOf,
    )
  }

  async change(caller: PlatformActor, tenantId: string, request: ChangeTenantRequest): Promise<TenantView> {
    const { suspended, settings, namespaces } = request
    const tenant = await this.#tenants.find(tenantId)
    if (tenant === null) throw notFound('tenant')
    refuseForPlatform(tenant, request)
    const suspension =
      suspended === undefined
        ? {}
        : { suspendedAt: suspended ? (tenant.suspendedAt ?? new Date(this.#clock.now())) : null }
    const { before, changed, ended } = await this.#database.withNamespaces(tenantId, async (session) => {
      const before = await session.tenant.findUniqueOrThrow({ where: { id: tenantId } })
      const wanted = changedSettings(before, settings)
      if (namespaces !== undefined) {
        await refuseTakenNamespaces(session, tenantId, namespaces)
        await refuseUsedNamespaces(session, tenantId, namespaces)
      }
      const action = suspended === undefined ? 'tenant.change' : suspended ? 'tenant.suspend' : 'tenant.resume'
      await recordAudit(session, tenantId, { ...entryOf(caller, action, tenantId), details: { settings, namespaces } })
      const data = { ...columnsOf(wanted), ...suspension, ...(namespaces === undefined ? {} : { namespaces }) }
      const changed = await session.tenant.update({ where: { id: tenantId }, data })
      return { before, changed, ended: await this.#changeLegacyClients(session, before, wanted) }
    })
    if (suspended === true) this.#orders.publish({ type: 'revoked', tenantId, ...ENDINGS.tenantSuspended })
    if (servedModeOf(before) !== servedModeOf(changed)) this.#orders.publish({ type: 'handshake-keys-changed' })
    for (const connectionId of ended) {
      this.#orders.publish({ type: 'revoked', tenantId, connectionId, ...ENDINGS.legacyClientsOff })
    }
    return viewOf(changed)
  }

  /** Makes or removes the static key, and marks the connections that end with it; gives their ids. */
  async #changeLegacyClients(session: TenantSession, before: Tenant, wanted: TenantSettings): Promise<string[]> {
    const { legacyClients: mode } = wanted
    if (mode === before.legacyClients) return []
    await this.#staticKeys.replace(session, before.id, mode)
    if (mode !== 'off') return []
    return requestEnds(session, before.id, { controlKey: 'tenant' }, new Date(this.#clock.now()))
  }
}

/** Operators lock nobody out of the platform, themselves least of all, and have no networks. */
function refuseForPlatform({ isPlatform }: Tenant, { suspended, namespaces = [] }: ChangeTenantRequest): void {
  if (!isPlatform || (suspended !== true && namespaces.length === 0)) return
  throw new ApiProblem(409, 'platform-tenant', "The platform's own tenant cannot be suspended and has no networks.")
}

function entryOf(caller: PlatformActor, action: string, tenantId: string): AuditEntry {
  return { actor: caller.auditName, action, target: `tenant:${tenantId}` }
}

/** How old clients are let in, as nodes see it. */
function servedModeOf({ legacyClients, suspendedAt }: Tenant): string {
  return suspendedAt === null ? legacyClients : 'off'
}

function viewOf(tenant: Tenant): TenantView {
  return {
    tenantId: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    isPlatform: tenant.isPlatform,
    suspended: tenant.suspendedAt !== null,
    settings: settingsOf(tenant),
    namespaces: tenant.namespaces,
    createdAt: tenant.createdAt.toISOString(),
  }
}
