export { Database } from './client.ts'
export { DatabaseError, type DatabaseErrorCode, isDatabaseAway, isUniqueViolation } from './database-error.ts'
export type {
  ApiToken,
  AuditChainLink,
  AuditEvent,
  Branding,
  CertificateAuthority,
  Connection,
  CookieKey,
  Device,
  Group,
  GroupMember,
  JoinToken,
  Network,
  OneTimeLink,
  Passkey,
  Policy,
  RecoveryCode,
  RevokedCertificate,
  Service,
  StaticKey,
  Tenant,
  User,
  Webhook,
} from './generated/client.ts'
export { applyMigrations, schemaDrift } from './migrations.ts'
export type { PlatformSession, PlatformTransaction } from './platform-session.ts'
export { type DatabasePreparation, type OwnerSession, prepareDatabase } from './prepare-database.ts'
export { SERVICE_ROLE, servicePassword, serviceUrl } from './service-role.ts'
export type { AskedDevice, AuthorisationRows, NotedConnection } from './tenant-functions.ts'
export { PLATFORM_TABLES, unprotectedTables } from './tenant-isolation.ts'
export type { TenantSession } from './tenant-session.ts'
