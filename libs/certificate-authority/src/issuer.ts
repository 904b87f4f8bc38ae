import type { RequestedKey } from './certificate-request.ts'
import type { CertificateSubject } from './profile.ts'
import type { RevocationListOrder } from './revocation-list.ts'

/** What to put into a certificate and for how long. */
export interface CertificateOrder {
  readonly publicKey: RequestedKey
  readonly subject: CertificateSubject
  readonly nowMs: number
  /** Counted from `nowMs`; cut where the authority's own certificate ends. */
  readonly lifetimeSeconds: number
}

/** A signed certificate and what is kept about it. */
export interface IssuedCertificate {
  readonly certificatePem: string
  /** Lower-case hex, 32 digits. */
  readonly serial: string
  /** Lower-case hex of the SHA-256 of the DER. */
  readonly sha256: string
  readonly notBefore: Date
  readonly notAfter: Date
}

/** Signs certificates with one authority's key; implementations differ in where the key lives. */
export interface Issuer {
  readonly certificatePem: string
  /** Throws `authority-expired` when the authority's own certificate has ended. */
  issue(order: CertificateOrder): Promise<IssuedCertificate>
  /** Signs the list of the certificates of this authority that are revoked, DER. */
  revocationList(order: RevocationListOrder): Promise<Uint8Array<ArrayBuffer>>
}
