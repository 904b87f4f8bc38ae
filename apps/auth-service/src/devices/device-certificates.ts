import { createHash, X509Certificate } from 'node:crypto'

import { Inject, Injectable } from '@nestjs/common'
import type { RequestedKey } from '@sallyport/certificate-authority'
import type { Device, Tenant } from '@sallyport/database'
import type { Clock } from '@sallyport/foundation'

import { CLOCK } from '../runtime/tokens.ts'
import { TenantAuthority } from '../tenants/tenant-authority.ts'
import type { CreatedDevice } from './devices.schemas.ts'

export const DAY_MS = 24 * 3600 * 1000
/** For how long the same request again, by its key, is taken for one whose answer was lost. */
export const REPEATED_WITHIN_MS = 3600 * 1000

/** The columns of a device that its certificate fills. */
export type CertificateColumns = Pick<
  Device,
  'authorityId' | 'certificate' | 'certificateSerial' | 'certificateSha256' | 'certificateNotAfter' | 'publicKeySha256'
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
      publicKeySha256: fingerprintOf(publicKey),
    }
  }
}

/** The name of a public key: SHA-256 of its SubjectPublicKeyInfo, in hexadecimal. */
export function fingerprintOf({ spki }: RequestedKey): string {
  return createHash('sha256').update(spki).digest('hex')
}

/** When a certificate began to be good: a few minutes before it was issued, for clocks that are behind. */
export function issuedAtMs(certificatePem: string): number {
  return new X509Certificate(certificatePem).validFromDate.getTime()
}

/** What the owner gets of a device that was certified. */
export function createdDeviceOf(
  device: Pick<Device, 'id' | 'name' | 'certificate' | 'certificateNotAfter'>,
  given: Pick<CreatedDevice, 'profile' | 'importLink'>,
): CreatedDevice {
  const { id: deviceId, name, certificate, certificateNotAfter } = device
  return { deviceId, name, certificate, certificateNotAfter: certificateNotAfter.toISOString(), ...given }
}
