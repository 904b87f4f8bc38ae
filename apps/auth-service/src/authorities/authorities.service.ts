import { X509Certificate } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { CertificateAuthority, TenantSession } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { recordAudit } from '../audit/audit-log.ts'
import { requestEnds } from '../connections/connection-locks.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import type { Settings } from '../runtime/settings.ts'
import { CLOCK, SETTINGS } from '../runtime/tokens.ts'
import { AUTHORITY_STATES, TenantAuthority } from '../tenants/tenant-authority.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { AuthoritiesRepository, countDevices, type CountedAuthority, holdersOf } from './authorities.repository.ts'
import type { AuthorityView } from './authorities.schemas.ts'
import { NO_PREVIOUS } from './revoked-certificates.ts'

/** Rolls a tenant's certificate authority over, step by step; no step breaks a client unless it is forced to. */
@Injectable()
export class AuthoritiesService {
  readonly #authorities: AuthoritiesRepository
  readonly #tenants: TenantsRepository
  readonly #issuers: TenantAuthority
  readonly #orders: OrderHub
  readonly #settings: Settings
  readonly #clock: Clock

  constructor(
    @Inject(AuthoritiesRepository) authorities: AuthoritiesRepository,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(TenantAuthority) issuers: TenantAuthority,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(SETTINGS) settings: Settings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#authorities = authorities
    this.#tenants = tenants
    this.#issuers = issuers
    this.#orders = orders
    this.#settings = settings
    this.#clock = clock
  }

  async list(actor: Actor): Promise<AuthorityView[]> {
    const slug = await this.#slugOf(actor)
    const counted = await this.#authorities.list(actor.tenantId, this.#now())
    return counted.map((authority) => this.#viewOf(slug, authority))
  }

  /** Makes the next authority. Devices enrolled or renewed from now on can do without the present one. */
  async prepare(actor: Actor): Promise<AuthorityView> {
    const { tenantId } = actor
    const slug = await this.#slugOf(actor)
    return this.#change(actor, slug, 'prepare', async (session) => {
      if ((await session.certificateAuthority.count({ where: { tenantId, state: 'prepared' } })) > 0) {
        const message = 'There is a prepared authority already. Please activate it, or retire it.'
        throw new ApiProblem(409, 'authority-prepared', message)
      }
      return { authority: await this.#issuers.create(session, { id: tenantId, slug }, 'prepared'), details: {} }
    })
  }

  /** Lets the prepared authority sign servers; the present one only stays trusted. */
  async activate(actor: Actor, authorityId: string, force: boolean): Promise<AuthorityView> {
    const { tenantId } = actor
    const slug = await this.#slugOf(actor)
    return this.#change(actor, slug, 'activate', async (session) => {
      const found = await this.#find(session, tenantId, authorityId, 'prepared')
      const { devicesWithout } = await countDevices(session, found, this.#now())
      if (devicesWithout > 0 && !force) {
        const message =
          `${countOf(devicesWithout)} with a profile from before this authority and would refuse its servers. Please ` +
          'have their users import a new profile, or activate it by force.'
        throw new ApiProblem(409, 'devices-without-authority', message)
      }
      await session.certificateAuthority.updateMany({
        where: { tenantId, state: 'active' },
        data: { state: 'trusted' },
      })
      const where = { tenantId_id: { tenantId, id: authorityId } }
      const authority = await session.certificateAuthority.update({ where, data: { state: 'active' } })
      return { authority, details: { force, devicesWithout } }
    })
  }

  /** Ends the trust in an authority that does not sign servers; devices that hold a certificate of it are cut. */
  async retire(actor: Actor, authorityId: string, force: boolean): Promise<AuthorityView> {
    const { tenantId } = actor
    const slug = await this.#slugOf(actor)
    const cut: string[] = []
    const view = await this.#change(actor, slug, 'retire', async (session) => {
      const found = await this.#find(session, tenantId, authorityId, 'prepared', 'trusted')
      const { devices } = await countDevices(session, found, this.#now())
      if (devices > 0 && !force) {
        const message =
          `${countOf(devices)} with a certificate of this authority and could not connect any more. Please have them ` +
          'renewed, or retire it by force.'
        throw new ApiProblem(409, 'devices-of-authority', message)
      }
      await lockRenewed(session, tenantId, authorityId)
      cut.push(...(await requestEnds(session, tenantId, { device: holdersOf(authorityId) }, this.#now())))
      // A certificate before a renewal is given up with its authority; what it was renewed to stays good.
      await session.device.updateMany({ where: { tenantId, previousAuthorityId: authorityId }, data: NO_PREVIOUS })
      const where = { tenantId_id: { tenantId, id: authorityId } }
      const authority = await session.certificateAuthority.update({ where, data: { state: 'retired' } })
      return { authority, details: { force, devices } }
    })
    for (const connectionId of cut) {
      this.#orders.publish({ type: 'revoked', tenantId, connectionId, ...ENDINGS.authorityRetired })
    }
    return view
  }

  async #change(
    actor: Actor,
    slug: string,
    verb: 'prepare' | 'activate' | 'retire',
    work: (session: TenantSession) => Promise<{ authority: CertificateAuthority; details: Record<string, unknown> }>,
  ): Promise<AuthorityView> {
    const { tenantId } = actor
    const { result, authorityVersion } = await this.#authorities.change(tenantId, async (session) => {
      const { authority, details } = await work(session)
      const target = `authority:${authority.id}`
      await recordAudit(session, tenantId, { actor: actor.auditName, action: `authority.${verb}`, target, details })
      return countDevices(session, authority, this.#now())
    })
    this.#orders.publish({ type: 'tenant-authority-changed', tenantId, authorityVersion })
    return this.#viewOf(slug, result)
  }

  async #find(
    session: TenantSession,
    tenantId: string,
    id: string,
    ...states: readonly AuthorityView['state'][]
  ): Promise<CertificateAuthority> {
    const found = await session.certificateAuthority.findUnique({ where: { tenantId_id: { tenantId, id } } })
    if (found === null) throw notFound('authority')
    if (states.some((state) => state === found.state)) return found
    const message = `This authority is ${found.state}; that can be done with one that is ${states.join(' or ')}.`
    throw new ApiProblem(409, 'authority-state', message)
  }

  async #slugOf({ tenantId }: Actor): Promise<string> {
    const tenant = await this.#tenants.find(tenantId)
    if (tenant === null) throw notFound('tenant')
    return tenant.slug
  }

  #viewOf(slug: string, { authority, devices, devicesWithout }: CountedAuthority): AuthorityView {
    const certificate = new X509Certificate(authority.certificate)
    return {
      authorityId: authority.id,
      state: AUTHORITY_STATES.find((state) => state === authority.state) ?? 'retired',
      name: certificate.subject,
      sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
      certificate: authority.certificate,
      notBefore: certificate.validFromDate.toISOString(),
      notAfter: authority.notAfter.toISOString(),
      devices,
      devicesWithout,
      crlUrl: `${this.#settings.AUTH_PUBLIC_URL.replace(/\/+$/, '')}/crl/${slug}/${authority.id}.crl`,
    }
  }

  #now(): Date {
    return new Date(this.#clock.now())
  }
}

function countOf(devices: number): string {
  return devices === 1 ? 'There is 1 device' : `There are ${String(devices)} devices`
}

/** Locks the devices whose certificate before a renewal is of this authority: devices come before connections. */
async function lockRenewed(session: TenantSession, tenantId: string, authorityId: string): Promise<void> {
  await session.$queryRaw`
    SELECT id FROM devices WHERE tenant_id = ${tenantId}::uuid AND previous_authority_id = ${authorityId}::uuid
    ORDER BY id FOR NO KEY UPDATE`
}
