import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { Database, isUniqueViolation, type Tenant, type TenantSession } from '@sallyport/database'
import { generateOneTimePassword, hashPassword } from '@sallyport/identity'

import { recordAudit } from '../audit/audit-log.ts'
import type { PlatformActor } from '../http/access.ts'
import { ApiProblem } from '../http/api-problem.ts'
import { PasswordLinks } from '../links/password-links.ts'
import { userEntryOf } from '../users/user-audit.ts'
import { refuseGreaterRole } from '../users/user-rights.ts'
import type { CreatedOperator, CreateOperatorRequest } from './operators.schemas.ts'
import { TenantAuthority } from './tenant-authority.ts'
import { PLATFORM_SLUG } from './tenants.schemas.ts'

const PLATFORM_NAME = 'Platform'

/** Makes people operators of the platform: users of its own tenant, which exists from the first of them on. */
@Injectable()
export class OperatorsService {
  readonly #database: Database
  readonly #authority: TenantAuthority
  readonly #links: PasswordLinks

  constructor(
    @Inject(Database) database: Database,
    @Inject(TenantAuthority) authority: TenantAuthority,
    @Inject(PasswordLinks) links: PasswordLinks,
  ) {
    this.#database = database
    this.#authority = authority
    this.#links = links
  }

  async create(caller: PlatformActor, request: CreateOperatorRequest): Promise<CreatedOperator> {
    // A token may be allowed less than its operator, and must not make somebody who may do everything.
    refuseGreaterRole(caller, 'operator', true)
    const { username, displayName = null, email = null, credential } = request
    const oneTimePassword = credential === 'one-time-password' ? generateOneTimePassword() : undefined
    const passwordHash = oneTimePassword === undefined ? null : await hashPassword(oneTimePassword)
    const tenant = await this.#platformTenant(caller)
    const user = { tenantId: tenant.id, id: randomUUID(), username, role: 'operator', displayName, email, passwordHash }
    const made = this.#database.withTenant(tenant.id, async (session) => {
      await session.user.create({ data: user })
      await recordAudit(
        session,
        tenant.id,
        userEntryOf(caller, 'user.create', user.id, { role: user.role, credential }),
      )
      return oneTimePassword === undefined ? this.#links.create(session, user, 'invitation') : undefined
    })
    const link = await made.catch((error: unknown) => {
      if (!isUniqueViolation(error)) throw error
      throw new ApiProblem(409, 'username-taken', `There is a user "${username}" already.`)
    })
    return {
      tenantId: tenant.id,
      tenant: tenant.slug,
      userId: user.id,
      username,
      ...(oneTimePassword === undefined ? {} : { oneTimePassword }),
      ...(link === undefined ? {} : { invitation: this.#links.deliver(link, 'invitation', user, tenant) }),
    }
  }

  async #platformTenant(caller: PlatformActor): Promise<Tenant> {
    const found = await this.#findPlatformTenant()
    if (found !== null) return found
    try {
      return await this.#createPlatformTenant(caller)
    } catch (error) {
      if (!isUniqueViolation(error)) throw error
      const other = await this.#findPlatformTenant()
      if (other !== null) return other
      const message = `There is a tenant "${PLATFORM_SLUG}" already, and it is not the platform's own.`
      throw new ApiProblem(409, 'slug-taken', message)
    }
  }

  #findPlatformTenant(): Promise<Tenant | null> {
    return this.#database.platform.tenant.findFirst({ where: { isPlatform: true } })
  }

  #createPlatformTenant(caller: PlatformActor): Promise<Tenant> {
    const tenant = { id: randomUUID(), slug: PLATFORM_SLUG, name: PLATFORM_NAME, isPlatform: true }
    return this.#database.withTenant(tenant.id, async (session: TenantSession) => {
      const created = await session.tenant.create({ data: tenant })
      await this.#authority.create(session, tenant)
      const entry = { actor: caller.auditName, action: 'tenant.create', target: `tenant:${tenant.id}` }
      await recordAudit(session, tenant.id, entry)
      return created
    })
  }
}
