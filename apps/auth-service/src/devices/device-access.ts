import { Inject, Injectable } from '@nestjs/common'

import type { AuditDetails, AuditEntry } from '../audit/audit-log.ts'
import type { Actor } from '../http/access.ts'
import { ApiProblem, notFound } from '../http/api-problem.ts'
import type { Permission } from '../http/permissions.ts'
import { DevicesRepository, type DeviceWithOwners } from './devices.repository.ts'

/** Finds devices for those who may see them; another's device looks as if it did not exist. */
@Injectable()
export class DeviceAccess {
  readonly #devices: DevicesRepository

  constructor(@Inject(DevicesRepository) devices: DevicesRepository) {
    this.#devices = devices
  }

  /** Gives an own device, or anybody's to those who have the permission for all; else throws the 404. */
  async find(actor: Actor, deviceId: string, forAll: Permission): Promise<DeviceWithOwners> {
    const device = await this.#devices.find(actor.tenantId, deviceId)
    if (device === null || (device.userId !== actor.userId && !actor.permissions.has(forAll))) throw notFound('device')
    return device
  }

  /** Gives an own device that is not revoked: what concerns a private key is its owner's alone. */
  async findOwn(actor: Actor, deviceId: string): Promise<DeviceWithOwners> {
    const device = await this.#devices.find(actor.tenantId, deviceId)
    if (device?.userId !== actor.userId) throw notFound('device')
    refuseRevoked(device)
    return device
  }
}

/** Throws the 409 of a device that is revoked. */
export function refuseRevoked(device: Pick<DeviceWithOwners, 'revokedAt'>): void {
  if (device.revokedAt !== null) throw new ApiProblem(409, 'device-revoked', 'This device is revoked.')
}

/** The line of the audit log about a device. */
export function deviceEntry(
  { auditName: actor }: Pick<Actor, 'auditName'>,
  action: string,
  device: { readonly id: string; readonly userId: string },
  details?: AuditDetails,
): AuditEntry {
  const entry = { actor, action, target: `device:${device.id}`, userId: device.userId }
  return details === undefined ? entry : { ...entry, details }
}
