export { ApiClient, ApiClientError, type ApiMethod, CsvFile, fieldOf, requiredText, textField } from './api-client.ts'
export { ChildProcessError, type ChildProcessOptions, ManagedProcess } from './child-process.ts'
export { DataDirectory } from './data-directory.ts'
export {
  DATABASE_OWNER,
  DataDirectoryError,
  EmbeddedPostgres,
  type EmbeddedPostgresOptions,
} from './embedded-postgres.ts'
export { type EnrolledDevice, EnrolmentClient, type SignIn, type SignInResult } from './enrolment-client.ts'
export { requirePostgres, requireRedis } from './given-databases.ts'
export { AlreadyRunningError } from './instance-lock.ts'
export { claimPort, ListenError, type ListenPort } from './listen-port.ts'
export { LocalRedis, type LocalRedisOptions } from './local-redis.ts'
export { type NewTenant, PlatformClient } from './platform-client.ts'
export { ServiceProcess } from './service-process.ts'
export { type DatabaseControl, type RunningStack, startStack } from './stack.ts'
export { SERVICE_NAMES, type ServiceName } from './stack-environment.ts'
export { type StackAddresses, type StackOptions } from './stack-options.ts'
export { letInWithoutFactor } from './without-factor.ts'
