import type { Device, Network, Tenant, User } from '@sallyport/database'

/** When everything in the sample rows was made; nothing of it has ended. */
export const MADE_AT = new Date('2026-01-15T12:00:00.000Z')

const TENANT_ID = '11111111-0000-4000-8000-000000000000'
const USER_ID = '22222222-0000-4000-8000-000000000000'
const NETWORK_ID = '33333333-0000-4000-8000-000000000000'

/** A tenant as it is made. */
export const TENANT: Tenant = {
  id: TENANT_ID,
  slug: 'acme',
  name: 'Acme',
  suspendedAt: null,
  pingSeconds: 10,
  pingRestartSeconds: 60,
  renegotiateSeconds: 4320,
  keyLimitBytes: null,
  keyLimitPackets: null,
  legacyClients: 'off',
  webSignIn: false,
  namespaces: ['host'],
  isPlatform: false,
  authorityVersion: 1,
  createdAt: MADE_AT,
}

/** A user of it with a password of their own and no second factor. */
export const USER: User = {
  tenantId: TENANT_ID,
  id: USER_ID,
  username: 'alice',
  role: 'user',
  displayName: null,
  email: null,
  passwordHash: null,
  oneTimePassword: false,
  disabledAt: null,
  totpSecret: null,
  totpConfirmedAt: null,
  totpLastStep: 0n,
  tokenGeneration: 0,
  factorGraceFrom: MADE_AT,
  lastSignInAt: null,
  createdAt: MADE_AT,
}

/** A network of it. */
export const NETWORK: Network = {
  tenantId: TENANT_ID,
  id: NETWORK_ID,
  name: 'main',
  ipv4: '10.8.0.0/24',
  ipv6: null,
  namespace: 'host',
  routes: ['10.20.0.0/16'],
  dnsServers: [],
  dnsDomains: [],
  dnsResolveDomains: [],
  blockOutsideDns: false,
  blockIpv6: false,
  inactiveSeconds: null,
  uploadKilobitsPerSecond: null,
  downloadKilobitsPerSecond: null,
  uploadPacketsPerSecond: null,
  downloadPacketsPerSecond: null,
  version: 1,
  createdAt: MADE_AT,
}

/** A device of the user in the network, which has connected before and gave no proof of a second factor. */
export const DEVICE: Device = {
  tenantId: TENANT_ID,
  id: '44444444-0000-4000-8000-000000000000',
  userId: USER_ID,
  networkId: NETWORK_ID,
  name: 'Laptop',
  certificate: '',
  certificateSerial: '01',
  certificateSha256: '00'.repeat(32),
  certificateNotAfter: new Date('2028-01-15T12:00:00.000Z'),
  authorityId: '55555555-0000-4000-8000-000000000000',
  publicKeySha256: null,
  serverMadeKey: false,
  previousCertificateSha256: null,
  previousCertificateSerial: null,
  previousCertificateNotAfter: null,
  previousAuthorityId: null,
  lastConnectedAt: MADE_AT,
  factorAt: null,
  factorMethod: null,
  factorAddress: null,
  factorCountry: null,
  extendedLoginId: null,
  extendedLoginAt: null,
  revokedAt: null,
  createdAt: MADE_AT,
}
