import { Inject, Injectable } from '@nestjs/common'
import type { Clock } from '@sallyport/foundation'

import type { Actor } from '../http/access.ts'
import { mapPage, type Page, pageOf } from '../http/page.ts'
import { ENDINGS } from '../node-api/ending.ts'
import { OrderHub } from '../node-api/order-hub.ts'
import { CLOCK } from '../runtime/tokens.ts'
import { DeviceAccess, deviceEntry, refuseRevoked } from './device-access.ts'
import { DevicesRepository, type NamedDevice } from './devices.repository.ts'
import type { DeviceView, ListDevicesQuery, ProfileFlavour } from './devices.schemas.ts'
import { ProfileWriter } from './profile-writer.ts'
import { type RenewalTimeOf, RenewalTimes } from './renewal-times.ts'

/** Lists, renames and revokes devices, and writes their profiles. */
@Injectable()
export class DevicesService {
  readonly #access: DeviceAccess
  readonly #devices: DevicesRepository
  readonly #profiles: ProfileWriter
  readonly #renewals: RenewalTimes
  readonly #orders: OrderHub
  readonly #clock: Clock

  constructor(
    @Inject(DeviceAccess) access: DeviceAccess,
    @Inject(DevicesRepository) devices: DevicesRepository,
    @Inject(ProfileWriter) profiles: ProfileWriter,
    @Inject(RenewalTimes) renewals: RenewalTimes,
    @Inject(OrderHub) orders: OrderHub,
    @Inject(CLOCK) clock: Clock,
  ) {
    this.#access = access
    this.#devices = devices
    this.#profiles = profiles
    this.#renewals = renewals
    this.#orders = orders
    this.#clock = clock
  }

  /** Lists the actor's own devices, or those of all when the actor may see them. */
  async list(actor: Actor, query: ListDevicesQuery): Promise<Page<DeviceView>> {
    const seesAll = actor.permissions.has('devices.read')
    const rows = await this.#devices.list(actor.tenantId, seesAll ? query : { ...query, userId: actor.userId })
    const page = pageOf(rows, query.limit, (row) => [row.createdAt.toISOString(), row.id])
    const renewalTimeOf = await this.#renewals.of(actor, page.items)
    return mapPage(page, (row) => viewOf(row, renewalTimeOf))
  }

  /** Writes the profile anew, without the private key; a modern one has a fresh tls-crypt-v2 key. */
  async profile(actor: Actor, deviceId: string, flavour: ProfileFlavour): Promise<string> {
    const device = await this.#access.find(actor, deviceId, 'devices.read')
    refuseRevoked(device)
    return this.#profiles.write(device, flavour)
  }

  async rename(actor: Actor, deviceId: string, name: string): Promise<DeviceView> {
    const device = await this.#access.find(actor, deviceId, 'devices.write')
    const renamed = await this.#devices.rename(device, name, deviceEntry(actor, 'device.rename', device))
    return viewOf(renamed, await this.#renewals.of(actor, [renamed]))
  }

  /** Revokes a device for good and cuts its connections. */
  async revoke(actor: Actor, deviceId: string): Promise<void> {
    const { tenantId } = actor
    const device = await this.#access.find(actor, deviceId, 'devices.write')
    await this.#devices.revoke(device, new Date(this.#clock.now()), deviceEntry(actor, 'device.revoke', device))
    this.#orders.publish({ type: 'revoked', tenantId, deviceId, ...ENDINGS.deviceRevoked })
  }
}

function viewOf(device: NamedDevice, renewalTimeOf: RenewalTimeOf): DeviceView {
  return {
    deviceId: device.id,
    name: device.name,
    userId: device.userId,
    username: device.user.username,
    networkId: device.networkId,
    networkName: device.network.name,
    authorityId: device.authorityId,
    certificateNotAfter: device.certificateNotAfter.toISOString(),
    serverMadeKey: device.serverMadeKey,
    renewalPending: device.previousCertificateSha256 !== null,
    renewableFrom: renewalTimeOf(device)?.toISOString() ?? null,
    lastConnectedAt: device.lastConnectedAt?.toISOString() ?? null,
    revoked: device.revokedAt !== null,
    createdAt: device.createdAt.toISOString(),
  }
}
