export { createAuthority, type NewAuthority } from './authority.ts'
export {
  type CertificateRequestResult,
  parseCertificateRequest,
  type RequestedKey,
  type RequestRefusal,
} from './certificate-request.ts'
export type { CertificateOrder, IssuedCertificate, Issuer } from './issuer.ts'
export type { CertificateSubject } from './profile.ts'
export {
  REVOCATION_REASONS,
  type RevocationListOrder,
  type RevocationReason,
  type RevokedSerial,
} from './revocation-list.ts'
export { deriveSealingKey, open, parseMasterKey, seal, SealedSecretError } from './sealed-secret.ts'
export { SoftwareIssuer } from './software-issuer.ts'
