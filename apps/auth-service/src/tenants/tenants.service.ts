import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { Database, isUniqueViolation, type Tenant } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import { recordAudit } from '../audit/audit-log.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { refuseTakenNamespaces, refuseUsedNamespaces } from './namespaces.ts'
import { TenantAuthority } from './tenant-authority.ts'
import { TenantsRepository } from './tenants.repository.ts'
import type { ChangeTenantRequest, CreatedTenant, CreateTenantRequest, TenantView } from './tenants.schemas.ts'

/** Creates, suspends and configures tenants, for the operator. */
@Injectable()
export class TenantsService {
  readonly #database: Database
  readonly #tenants: TenantsRepository
  readonly #authority: TenantAuthority
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(Database) database: Database,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(TenantAuthority) authority: TenantAuthority,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#database = database
    this.#tenants = tenants
    this.#authority = authority
    this.#orders = orders
    this.#clock = clock
  }

  async create({ slug, name, administrator, namespaces }: CreateTenantRequest): Promise<CreatedTenant> {
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
        await recordAudit(session, tenant.id, {
          actor: 'operator',
          action: 'tenant.create',
          target: `tenant:${tenant.id}`,
        })
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

  async list(): Promise<TenantView[]> {
    return (await this.#tenants.list()).map(viewOf)
  }

  async change(tenantId: string, { suspended, settings, namespaces }: ChangeTenantRequest): Promise<TenantView> {
    const tenant = await this.#tenants.find(tenantId)
    if (tenant === null) throw notFound('tenant')
    const timing = {
      pingSeconds: settings?.pingSeconds ?? tenant.pingSeconds,
      pingRestartSeconds: settings?.pingRestartSeconds ?? tenant.pingRestartSeconds,
      sessionTokenSeconds: settings?.sessionTokenSeconds ?? tenant.sessionTokenSeconds,
    }
    if (timing.pingRestartSeconds <= timing.pingSeconds) {
      throw new ApiProblem(400, 'bad-request', 'pingRestartSeconds must be greater than pingSeconds.')
    }
    const suspension =
      suspended === undefined
        ? {}
        : { suspendedAt: suspended ? (tenant.suspendedAt ?? new Date(this.#clock.now())) : null }
    const changed = await this.#database.withNamespaces(tenantId, async (session) => {
      if (namespaces !== undefined) {
        await refuseTakenNamespaces(session, tenantId, namespaces)
        await refuseUsedNamespaces(session, tenantId, namespaces)
      }
      await recordAudit(session, tenantId, {
        actor: 'operator',
        action: suspended === undefined ? 'tenant.change' : suspended ? 'tenant.suspend' : 'tenant.resume',
        target: `tenant:${tenantId}`,
      })
      const data = { ...timing, ...suspension, ...(namespaces === undefined ? {} : { namespaces }) }
      return session.tenant.update({ where: { id: tenantId }, data })
    })
    if (suspended === true) this.#orders.publish({ type: 'revoked', tenantId, ...ENDINGS.tenantSuspended })
    return viewOf(changed)
  }
}

function settingsOf(tenant: Tenant): TenantView['settings'] {
  const { pingSeconds, pingRestartSeconds, sessionTokenSeconds } = tenant
  return { pingSeconds, pingRestartSeconds, sessionTokenSeconds }
}

function viewOf(tenant: Tenant): TenantView {
  return {
    tenantId: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    suspended: tenant.suspendedAt !== null,
    settings: settingsOf(tenant),
    namespaces: tenant.namespaces,
    createdAt: tenant.createdAt.toISOString(),
  }
}
