import { randomUUID } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import { parseCertificateRequest, type RequestedKey } from '@sallyport/certificate-authority'
import type { Network, Tenant, User } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'
import {
  createClientKey,
  encodeMetadata,
  nodeCryptoSuite,
  serialiseClientKeyFile,
  serialiseStaticKeyFile,
} from '@sallyport/openvpn-wire'

import { StaticKeys } from '../handshake-keys/static-keys.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import type { Permission } from '../http/permissions.ts'
import { NetworksRepository } from '../networks/networks.repository.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { ClusterSecrets } from '../platform/cluster-secrets.ts'
import type { Settings } from '../runtime/settings.ts'
import { CLOCK, SETTINGS } from '../runtime/tokens.ts'
import { TenantAuthority } from '../tenants/tenant-authority.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { vpnServerName } from '../tenants/vpn-server-name.ts'
import { UsersRepository } from '../users/users.repository.ts'
import { DevicesRepository, type DeviceWithOwners } from './devices.repository.ts'
import type { CreatedDevice, CreateDeviceRequest, DeviceView, ProfileFlavour } from './devices.schemas.ts'
import { type ProfileControlKey, writeProfile } from './profile.ts'

const CERTIFICATE_SECONDS = 2 * 365 * 24 * 3600

/** Enrols devices, writes their profiles and revokes them. A device's private key never comes here. */
@Injectable()
export class DevicesService {
  readonly #devices: DevicesRepository
  readonly #users: UsersRepository
  readonly #tenants: TenantsRepository
  readonly #networks: NetworksRepository
  readonly #authority: TenantAuthority
  readonly #secrets: ClusterSecrets
  readonly #staticKeys: StaticKeys
  readonly #orders: OrderHub
  readonly #settings: Settings
  readonly #clock: Clock

  constructor(
    @Inject(DevicesRepository) devices: DevicesRepository,
    @Inject(UsersRepository) users: UsersRepository,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(NetworksRepository) networks: NetworksRepository,
    @Inject(TenantAuthority) authority: TenantAuthority,
    @Inject(ClusterSecrets) secrets: ClusterSecrets,
    @Inject(StaticKeys) staticKeys: StaticKeys,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(SETTINGS) settings: Settings,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#devices = devices
    this.#users = users
    this.#tenants = tenants
    this.#networks = networks
    this.#authority = authority
    this.#secrets = secrets
    this.#staticKeys = staticKeys
    this.#orders = orders
    this.#settings = settings
    this.#clock = clock
  }

  async list(actor: Actor): Promise<DeviceView[]> {
    const devices = await this.#devices.list(
      actor.tenantId,
      actor.permissions.has('devices.read') ? undefined : actor.userId,
    )
    return devices.map((device) => ({
      deviceId: device.id,
      name: device.name,
      userId: device.userId,
      username: device.user.username,
      networkId: device.networkId,
      certificateNotAfter: device.certificateNotAfter.toISOString(),
      revoked: device.revokedAt !== null,
      createdAt: device.createdAt.toISOString(),
    }))
  }

  async create(actor: Actor, request: CreateDeviceRequest): Promise<CreatedDevice> {
    const { tenantId } = actor
    const [tenant, user] = await Promise.all([this.#tenants.find(tenantId), this.#users.get(tenantId, actor.userId)])
    if (tenant === null) throw notFound('tenant')
    if (user.totpRequired && user.totpConfirmedAt === null) {
      throw new ApiProblem(403, 'otp-not-enrolled', 'Please enrol an authenticator app first.')
    }
    const network = await this.#chooseNetwork(tenantId, request.networkId)
    const publicKey = await keyOf(request.csr)
    const { authorityId, issuer, caPem } = await this.#authority.of(tenantId)
    const deviceId = randomUUID()
    const controlKey = await this.#controlKey(tenantId, deviceId, request.flavour)
    const certificate = await issuer.issue({
      publicKey,
      subject: { profile: 'vpn-device', deviceId },
      nowMs: this.#clock.now(),
      lifetimeSeconds: CERTIFICATE_SECONDS,
    })
    const device = {
      tenantId,
      id: deviceId,
      userId: user.id,
      networkId: network.id,
      authorityId,
      name: request.name,
      certificate: certificate.certificatePem,
      certificateSerial: certificate.serial,
      certificateSha256: certificate.sha256,
      certificateNotAfter: certificate.notAfter,
    }
    await this.#devices.create(device, entryOf(actor, 'device.create', deviceId))
    const profile = this.#profileOf({ ...device, tenant, user }, caPem, controlKey)
    return { deviceId, name: request.name, certificate: certificate.certificatePem, profile }
  }

  /** Writes the profile anew; a modern one has a fresh tls-crypt-v2 key. */
  async profile(actor: Actor, deviceId: string, flavour: ProfileFlavour): Promise<string> {
    const device = await this.#find(actor, deviceId, 'devices.read')
    if (device.revokedAt !== null) throw new ApiProblem(409, 'device-revoked', 'This device is revoked.')
    const controlKey = await this.#controlKey(actor.tenantId, deviceId, flavour)
    const { caPem } = await this.#authority.of(actor.tenantId)
    return this.#profileOf(device, caPem, controlKey)
  }

  /** Revokes a device for good and cuts its connections. */
  async revoke(actor: Actor, deviceId: string): Promise<void> {
    const { tenantId } = actor
    const device = await this.#find(actor, deviceId, 'devices.write')
    await this.#devices.revoke(device, new Date(this.#clock.now()), entryOf(actor, 'device.revoke', deviceId))
    this.#orders.publish({ type: 'revoked', tenantId, deviceId, ...ENDINGS.deviceRevoked })
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

  /** Throws the 409 when the tenant does not let old clients in. */
  async #controlKey(tenantId: string, deviceId: string, flavour: ProfileFlavour): Promise<ProfileControlKey> {
    if (flavour === 'modern') {
      const serverKey = this.#secrets.key('tls-crypt-v2-server-key').reveal()
      const metadata = encodeMetadata({ tenantId, deviceId })
      const text = serialiseClientKeyFile(createClientKey(nodeCryptoSuite, serverKey, metadata))
      return { mode: 'tls-crypt-v2', text }
    }
    const found = await this.#staticKeys.of(tenantId)
    if (found !== undefined) return { mode: found.mode, text: serialiseStaticKeyFile(found.key) }
    throw new ApiProblem(409, 'legacy-clients-off', 'Your organisation does not let old clients in.')
  }

  #profileOf(
    device: { certificate: string; tenant: Tenant; user: User },
    caPem: string,
    controlKey: ProfileControlKey,
  ): string {
    return writeProfile({
      remotes: this.#settings.VPN_REMOTES,
      serverName: vpnServerName(device.tenant.slug),
      friendlyName: device.tenant.name,
      // A client that asks for a code beside the password would never get to the browser.
      asksForCode: device.user.totpRequired && !(device.tenant.webSignIn && controlKey.mode === 'tls-crypt-v2'),
      caPem,
      certificatePem: device.certificate,
      controlKey,
    })
  }
}

async function keyOf(csr: string): Promise<RequestedKey> {
  const parsed = await parseCertificateRequest(csr)
  if (parsed.result === 'accepted') return parsed.publicKey
  throw new ApiProblem(400, 'bad-csr', parsed.message)
}

function entryOf(actor: Actor, action: string, deviceId: string): { actor: string; action: string; target: string } {
  return { actor: actor.auditName, action, target: `device:${deviceId}` }
}
