import type { RevocationReason } from '@sallyport/certificate-authority'
import type { Device, TenantSession } from '@sallyport/database'

/** The columns of a device that name its certificates. */
export type CertifiedDevice = Pick<
  Device,
  | 'tenantId'
  | 'authorityId'
  | 'certificateSerial'
  | 'certificateNotAfter'
  | 'previousAuthorityId'
  | 'previousCertificateSerial'
  | 'previousCertificateNotAfter'
>

/** What a device has in the columns of its previous certificate when there is none. */
export const NO_PREVIOUS = {
  previousAuthorityId: null,
  previousCertificateSha256: null,
  previousCertificateSerial: null,
  previousCertificateNotAfter: null,
} as const

/** Which of a device's certificates are meant: all that are good, or the one that a renewal replaced. */
export type WhichCertificates = 'all' | 'previous'

/** Notes for the lists of revoked certificates that those of these devices, all of one tenant, are not good any more. */
export async function revokeCertificates(
  session: TenantSession,
  devices: readonly CertifiedDevice[],
  reason: RevocationReason,
  which: WhichCertificates = 'all',
): Promise<void> {
  const data = devices.flatMap((device) => [
    ...(which === 'all' ? [currentOf(device, reason)] : []),
    ...previousOf(device, which === 'all' ? reason : 'superseded'),
  ])
  if (data.length > 0) await session.revokedCertificate.createMany({ data, skipDuplicates: true })
}

interface Revocation {
  readonly tenantId: string
  readonly authorityId: string
  readonly serial: string
  readonly reason: RevocationReason
  readonly expiresAt: Date
}

function currentOf(device: CertifiedDevice, reason: RevocationReason): Revocation {
  const { tenantId, authorityId, certificateSerial: serial, certificateNotAfter: expiresAt } = device
  return { tenantId, authorityId, serial, reason, expiresAt }
}

function previousOf(device: CertifiedDevice, reason: RevocationReason): Revocation[] {
  const {
    tenantId,
    previousAuthorityId: authorityId,
    previousCertificateSerial: serial,
    previousCertificateNotAfter: expiresAt,
  } = device
  const isThere = authorityId !== null && serial !== null && expiresAt !== null
  return isThere ? [{ tenantId, authorityId, serial, reason, expiresAt }] : []
}
