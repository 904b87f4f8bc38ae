import { Inject, Injectable } from '@nestjs/common'
import type { RequestedKey } from '@sallyport/certificate-authority'
import type { Device, Tenant } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { CLOCK } from '../runtime/tokens.ts'
import { TenantAuthority } from '../tenants/tenant-authority.ts'

/** The columns of a device that its certificate fills. */
export type CertificateColumns = Pick<
  Device,
  'authorityId' | 'certificate' | 'certificateSerial' | 'certificateSha256' | 'certificateNotAfter'
>

/** Signs the certificates of devices. */
@Injectable()
export class DeviceCertificates {
  readonly #authority: TenantAuthority
  readonly #clock: Clock

  constructor(@Inject(TenantAuthority) authority: TenantAuthority, @Inject(CLOCK) clock: Clock) {
    this.#authority = authority
    this.#clock = clock
  }

  /** Names the authority that signs devices now. */
  async signerOf(tenant: Tenant): Promise<string> {
    return (await this.#authority.of(tenant)).device.authorityId
  }

  /** Signs a device's key; the certificate ends then, or earlier with its authority. */
  async issue(
    tenant: Tenant,
    deviceId: string,
    publicKey: RequestedKey,
    endsAtMs: number,
  ): Promise<CertificateColumns> {
    const { authorityId, issuer } = (await this.#authority.of(tenant)).device
    const nowMs = this.#clock.now()
    const certificate = await issuer.issue({
      publicKey,
      subject: { profile: 'vpn-device', deviceId },
      nowMs,
      lifetimeSeconds: (endsAtMs - nowMs) / 1000,
    })
    return {
      authorityId,
      certificate: certificate.certificatePem,
      certificateSerial: certificate.serial,
      certificateSha256: certificate.sha256,
      certificateNotAfter: certificate.notAfter,
    }
  }
}
