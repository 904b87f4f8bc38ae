import { Inject, Injectable } from '@nestjs/common'
import type { Device } from '@sallyport/database'
import { renewableFrom } from '@sallyport/mfa-policy'

import type { Actor } from '../http/access.ts'
import { PolicyService } from '../policy/policy.service.ts'
import { TenantsRepository } from '../tenants/tenants.repository.ts'
import { DeviceCertificates } from './device-certificates.ts'

/** Tells from when a device can be renewed; null for one that its reader cannot renew. */
export type RenewalTimeOf = (device: Device) => Date | null

/** Tells people from when they can renew their devices, as a renewal itself decides. */
@Injectable()
export class RenewalTimes {
  readonly #policies: PolicyService
  readonly #tenants: TenantsRepository
  readonly #certificates: DeviceCertificates

  constructor(
    @Inject(PolicyService) policies: PolicyService,
    @Inject(TenantsRepository) tenants: TenantsRepository,
    @Inject(DeviceCertificates) certificates: DeviceCertificates,
  ) {
    this.#policies = policies
    this.#tenants = tenants
    this.#certificates = certificates
  }

  /** Looks up what the times of these devices depend on; nothing when none is the reader's own. */
  async of({ tenantId, userId }: Actor, devices: readonly Device[]): Promise<RenewalTimeOf> {
    const isOwn = (device: Device): boolean => device.userId === userId && device.revokedAt === null
    const tenant = devices.some(isOwn) ? await this.#tenants.find(tenantId) : null
    if (tenant === null) return () => null
    const signer = await this.#certificates.signerOf(tenant)
    const { policy } = await this.#policies.effectiveFor(tenantId, userId)
    return (device) => {
      if (!isOwn(device)) return null
      // One of an authority that is replaced, and one whose new certificate was never used, can be renewed at any time.
      const isAtAnyTime = device.authorityId !== signer || device.previousCertificateSha256 !== null
      return isAtAnyTime ? device.createdAt : new Date(renewableFrom(policy, device.certificateNotAfter.getTime()))
    }
  }
}
