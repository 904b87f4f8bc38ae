import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { Network } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import { decideDevice } from '@sallyport/mfa-policy'

import type { AuditDetails, AuditEntry } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import type { Permission } from '../http/permissions.ts'
import { NetworksRepository } from '../networks/networks.repository.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { UsersRepository } from '../users/users.repository.ts'
import { DeviceCertificates } from './device-certificates.ts'
import { type DeviceKey, deviceKeyOf } from './device-key.ts'
import { refusalOf } from './device-refusals.ts'
import { DevicesRepository, type DeviceWithOwners, type NamedDevice } from './devices.repository.ts'
import type {
  CreatedDevice,
  CreateDeviceRequest,
  CreateImportLinkRequest,
  DeviceView,
  ImportLinkView,
  ListDevicesQuery,
  ProfileFlavour,
  RenewDeviceRequest,
} from './devices.schemas.ts'
import { ImportLinks } from './import-links.ts'
import { ProfileWriter } from './profile-writer.ts'

/** Whose device it will be; no more than an `Actor`'s part that says so. */
export type DeviceOwner = Pick<Actor, 'tenantId' | 'userId' | 'auditName'>

/** Enrols devices, renews and revokes their certificates. */
@Injectable()
export class DevicesService {
  readonly #devices: DevicesRepository
  readonly #users: UsersRepository
  readonly #tenants: TenantsRepository
  readonly #networks: NetworksRepository
  readonly #certificates: DeviceCertificates
  readonly #profiles: ProfileWriter
  readonly #links: ImportLinks
  readonly #policies: PolicyService
  readonly #orders: OrderHub
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
    @Inject(OrderHub) orders: OrderHub,
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
    this.#orders = orders
    this.#clock = clock
  }

  /** Lists the actor's own devices, or those of all when the actor may see them. */
  async list(actor: Actor, query: ListDevicesQuery): Promise<Page<DeviceView>> {
    const seesAll = actor.permissions.has('devices.read')
    const rows = await this.#devices.list(actor.tenantId, seesAll ? query : { ...query, userId: actor.userId })
    return mapPage(
      pageOf(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id]),
      viewOf,
    )
  }

  /** Enrols a device; `username` is put into the profile for clients that were told another one. */
  async create(owner: DeviceOwner, request: CreateDeviceRequest, username?: string): Promise<CreatedDevice> {
    const { tenantId, userId } = owner
    const [tenant, user, { policy }] = await Promise.all([
      this.#tenants.find(tenantId),
      this.#users.get(tenantId, userId),
      this.#policies.effectiveFor(tenantId, userId),
    ])
    if (tenant === null) throw notFound('tenant')
    const network = await this.#chooseNetwork(tenantId, request.networkId)
    const key = await deviceKeyOf(request)
    const [deviceId, nowMs] = [randomUUID(), this.#clock.now()]
    const endsAtMs = nowMs + policy.deviceCertificateDays * DAY_MS
    const columns = await this.#certificates.issue(tenant, deviceId, key.publicKey, endsAtMs)
    const serverMadeKey = key.privateKeyPem !== undefined
    const device = {
      tenantId,
      id: deviceId,
      userId,
      networkId: network.id,
      name: request.name,
      serverMadeKey,
      createdAt: new Date(nowMs),
      ...columns,
    }
    const extras = { privateKeyPem: key.privateKeyPem, ...(username === undefined ? {} : { username }) }
    const profile = await this.#profiles.write({ ...device, tenant, user }, request.flavour, extras)
    const importLink = await this.#devices.create(
      device,
      entryOf(owner, 'device.create', device, { key: key.source }),
      (devices) => {
        const decision = decideDevice(policy, { kind: 'add', nowMs, devices })
        if (decision.decision === 'deny') throw refusalOf(decision, policy)
      },
      async (session) =>
        request.importLink && this.#links.create(session, device, profile, request.importLink.expiresInSeconds),
    )
    return {
      deviceId,
      name: request.name,
      certificate: columns.certificate,
      certificateNotAfter: columns.certificateNotAfter.toISOString(),
      ...(importLink === undefined ? { profile } : { importLink }),
    }
  }

  /** Gives an own device a new certificate; the present one is good until the new one is used. */
  async renew(actor: Actor, deviceId: string, request: RenewDeviceRequest): Promise<CreatedDevice> {
    const device = await this.#findOwn(actor, deviceId)
    const key = await deviceKeyOf(request)
    const { profile, columns } = await this.#reissue(
      actor,
      device,
      key,
      request.flavour,
      await this.#renewedEnd(device),
    )
    return {
      deviceId,
      name: device.name,
      certificate: columns.certificate,
      certificateNotAfter: columns.certificateNotAfter.toISOString(),
      profile,
    }
  }

  /** Makes a link that gives the whole profile once, with a new key: the key of before is not here any more. */
  async createImportLink(actor: Actor, deviceId: string, request: CreateImportLinkRequest): Promise<ImportLinkView> {
    const device = await this.#findOwn(actor, deviceId)
    if (!device.serverMadeKey) {
      const message =
        'The private key of this device was made on the device and is not here. Please enrol one with a server-made key.'
      throw new ApiProblem(409, 'key-not-here', message)
    }
    const key = await deviceKeyOf({})
    // A link that comes before the time of renewal gives no longer life.
    const endsAtMs = await this.#renewedEnd(device).catch((error: unknown) => {
      if (error instanceof ApiProblem && error.code === 'renewal-too-early') return device.certificateNotAfter.getTime()
      throw error
    })
    const { importLink } = await this.#reissue(actor, device, key, request.flavour, endsAtMs, request.expiresInSeconds)
    if (importLink === undefined) throw new Error('an import link was not made')
    return importLink
  }

  /** Writes the profile anew, without the private key; a modern one has a fresh tls-crypt-v2 key. */
  async profile(actor: Actor, deviceId: string, flavour: ProfileFlavour): Promise<string> {
    const device = await this.#find(actor, deviceId, 'devices.read')
    refuseRevoked(device)
    return this.#profiles.write(device, flavour)
  }

  async rename(actor: Actor, deviceId: string, name: string): Promise<DeviceView> {
    const device = await this.#find(actor, deviceId, 'devices.write')
    return viewOf(await this.#devices.rename(device, name, entryOf(actor, 'device.rename', device)))
  }

  /** Revokes a device for good and cuts its connections. */
  async revoke(actor: Actor, deviceId: string): Promise<void> {
    const { tenantId } = actor
    const device = await this.#find(actor, deviceId, 'devices.write')
    await this.#devices.revoke(device, new Date(this.#clock.now()), entryOf(actor, 'device.revoke', device))
    this.#orders.publish({ type: 'revoked', tenantId, deviceId, ...ENDINGS.deviceRevoked })
  }

  async #reissue(
    actor: Actor,
    device: DeviceWithOwners,
    key: DeviceKey,
    flavour: ProfileFlavour,
    endsAtMs: number,
    linkSeconds?: number,
  ) {
    const { tenant, user } = device
    const columns = await this.#certificates.issue(tenant, device.id, key.publicKey, endsAtMs)
    const renewed = { ...columns, serverMadeKey: key.privateKeyPem !== undefined }
    const profile = await this.#profiles.write({ ...device, ...columns, tenant, user }, flavour, {
      privateKeyPem: key.privateKeyPem,
    })
    const entry = entryOf(actor, 'device.renew', device, { key: key.source })
    const importLink = await this.#devices.renew(device, renewed, entry, async (session) =>
      linkSeconds === undefined
        ? undefined
        : this.#links.create(session, { ...device, ...columns }, profile, linkSeconds),
    )
    return { profile, columns, importLink }
  }

  /** Tells until when a renewed certificate would be good; one of an authority that is replaced is never too early. */
  async #renewedEnd(device: DeviceWithOwners): Promise<number> {
    const { policy } = await this.#policies.effectiveFor(device.tenantId, device.userId)
    const nowMs = this.#clock.now()
    const decision = decideDevice(policy, {
      kind: 'renew',
      nowMs,
      revoked: device.revokedAt !== null,
      certificateEndsAtMs: device.certificateNotAfter.getTime(),
    })
    if (decision.decision === 'allow') return decision.certificateEndsAtMs
    const isMoving = device.authorityId !== (await this.#certificates.signerOf(device.tenant))
    if (decision.reason !== 'renewal-too-early' || !isMoving) throw refusalOf(decision, policy)
    return nowMs + policy.deviceCertificateDays * DAY_MS
  }

  /** What concerns a private key is its owner's alone. */
  async #findOwn(actor: Actor, deviceId: string): Promise<DeviceWithOwners> {
    const device = await this.#find(actor, deviceId, 'devices.read')
    if (device.userId !== actor.userId) throw notFound('device')
    refuseRevoked(device)
    return device
  }

  /** Another user's device looks as if it did not exist, but not to those who have the permission for all. */
  async #find(actor: Actor, deviceId: string, forAll: Permission): Promise<DeviceWithOwners> {
    const device = await this.#devices.find(actor.tenantId, deviceId)
    if (device === null || (device.userId !== actor.userId && !actor.permissions.has(forAll))) throw notFound('device')
    return device
  }

  async #chooseNetwork(tenantId: string, networkId: string | undefined): Promise<Network> {
    const networks = await this.#networks.list(tenantId)
    const network = networkId === undefined ? networks[0] : networks.find(({ id }) => id === networkId)
    if (network !== undefined) return network
    if (networkId !== undefined) throw notFound('network')
    throw new ApiProblem(409, 'no-network', 'There is no network yet; an administrator has to create one.')
  }
}

const DAY_MS = 24 * 3600 * 1000

function refuseRevoked(device: DeviceWithOwners): void {
  if (device.revokedAt !== null) throw new ApiProblem(409, 'device-revoked', 'This device is revoked.')
}

function entryOf(
  { auditName: actor }: Pick<Actor, 'auditName'>,
  action: string,
  device: { readonly id: string; readonly userId: string },
  details?: AuditDetails,
): AuditEntry {
  const entry = { actor, action, target: `device:${device.id}`, userId: device.userId }
  return details === undefined ? entry : { ...entry, details }
}

function viewOf(device: NamedDevice): DeviceView {
  return {
    deviceId: device.id,
    name: device.name,
    userId: device.userId,
    username: device.user.username,
    networkId: device.networkId,
    authorityId: device.authorityId,
    certificateNotAfter: device.certificateNotAfter.toISOString(),
    serverMadeKey: device.serverMadeKey,
    renewalPending: device.previousCertificateSha256 !== null,
    lastConnectedAt: device.lastConnectedAt?.toISOString() ?? null,
    revoked: device.revokedAt !== null,
    createdAt: device.createdAt.toISOString(),
  }
}
