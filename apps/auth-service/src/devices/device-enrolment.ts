import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Network } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { decideDevice } from '@sallyport/mfa-policy'

import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { NetworksRepository } from '../networks/networks.repository.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import { deviceEntry } from './device-access.ts'
import { createdDeviceOf, DAY_MS, DeviceCertificates, REPEATED_WITHIN_MS } from './device-certificates.ts'
import { deviceKeyOf } from './device-key.ts'
import { refusalOf } from './device-refusals.ts'
import { DevicesRepository } from './devices.repository.ts'
import type { CreatedDevice, CreateDeviceRequest } from './devices.schemas.ts'
import { ImportLinks } from './import-links.ts'
import { ProfileWriter } from './profile-writer.ts'

/** Whose device it will be; no more than an `Actor`'s part that says so. */
export type DeviceOwner = Pick<Actor, 'tenantId' | 'userId' | 'auditName'>

/** Enrols devices. */
@Injectable()
export class DeviceEnrolment {
  readonly #devices: DevicesRepository
  readonly #users: UsersRepository
  readonly #tenants: TenantsRepository
  readonly #networks: NetworksRepository
  readonly #certificates: DeviceCertificates
  readonly #profiles: ProfileWriter
  readonly #links: ImportLinks
  readonly #policies: PolicyService
  readonly #clock: Clock

  constructor(
    @Inject(DevicesRepository) devices: DevicesRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(NetworksRepository) networks: NetworksRepository,
    @Inject(DeviceCertificates) certificates: DeviceCertificates,
    @Inject(ProfileWriter) profiles: ProfileWriter,
    @Inject(ImportLinks) links: ImportLinks,
    @Inject(PolicyService) policies: PolicyService,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#devices = devices
    this.#users = users
    this.#tenants = tenants
    this.#networks = networks
    this.#certificates = certificates
    this.#profiles = profiles
    this.#links = links
    this.#policies = policies
    this.#clock = clock
  }

  /**
   * Enrols a device; `username` is put into the profile for clients that were told another one. A request for a key that
   * the user enrolled in the last hour was sent again: it gets the same device, and nothing is made.
   */
  async create(
    owner: DeviceOwner,
    request: CreateDeviceRequest,
    username?: string,
  ): Promise<{ readonly device: CreatedDevice; readonly isNew: boolean }> {
    const { tenantId, userId } = owner
    const [tenant, user, { policy }] = await Promise.all([
      this.#tenants.find(tenantId),
      this.#users.get(tenantId, userId),
      this.#policies.effectiveFor(tenantId, userId),
    ])
    if (tenant === null) throw notFound('tenant')
    const network = await this.#chooseNetwork(tenantId, request.networkId)
    const key = await deviceKeyOf(request)
    const nowMs = this.#clock.now()
    const of = { tenantId, id: randomUUID(), userId, networkId: network.id, name: request.name }
    const endsAtMs = nowMs + policy.deviceCertificateDays * DAY_MS
    const columns = await this.#certificates.issue(tenant, of.id, key.publicKey, endsAtMs)
    const serverMadeKey = key.privateKeyPem !== undefined
    const device = { ...of, ...columns, serverMadeKey, createdAt: new Date(nowMs) }
    const extras = { privateKeyPem: key.privateKeyPem, ...(username === undefined ? {} : { username }) }
    const profile = await this.#profiles.write({ ...device, tenant, user }, request.flavour, extras)
    const enrolment = await this.#devices.create(
      device,
      new Date(nowMs - REPEATED_WITHIN_MS),
      deviceEntry(owner, 'device.create', device, { key: key.source }),
      (devices) => {
        const decision = decideDevice(policy, { kind: 'add', nowMs, devices })
        if (decision.decision === 'deny') throw refusalOf(decision, policy)
      },
      async (session) =>
        request.importLink && this.#links.create(session, device, profile, request.importLink.expiresInSeconds),
    )
    const { enrolled } = enrolment
    if (enrolled !== undefined) {
      const again = await this.#profiles.write({ ...enrolled, tenant, user }, request.flavour)
      return { device: createdDeviceOf(enrolled, { profile: again }), isNew: false }
    }
    const importLink = enrolment.result
    return { device: createdDeviceOf(device, importLink === undefined ? { profile } : { importLink }), isNew: true }
  }

  async #chooseNetwork(tenantId: string, networkId: string | undefined): Promise<Network> {
    const networks = await this.#networks.list(tenantId)
    const network = networkId === undefined ? networks[0] : networks.find(({ id }) => id === networkId)
    if (network !== undefined) return network
    if (networkId !== undefined) throw notFound('network')
    throw new ApiProblem(409, 'no-network', 'There is no network yet; an administrator has to create one.')
  }
}
