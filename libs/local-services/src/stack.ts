import { join } from 'node:path'

import type { Secret } from '@sallyport/foundation'

import { DataDirectory } from './data-directory.ts'
import { EmbeddedPostgres } from './embedded-postgres.ts'
import { lockDirectory } from './instance-lock.ts'
import { LocalRedis } from './local-redis.ts'
import { PlatformClient } from './platform-client.ts'
import { endWrittenProcess } from './process-identity.ts'
import { ServiceProcess } from './service-process.ts'
import { joinTokenName, SERVICE_NAMES, serviceEnvironments, type ServiceName } from './stack-environment.ts'
import { claimAddresses, type StackAddresses, type StackOptions } from './stack-options.ts'

/** As in deploy/systemd: a flood of packets must not make V8's young generation grow (docs/limits.md). */
const VPN_NODE_OPTIONS = ['--max-semi-space-size=16']

/** A database server that a test may take away for a while. */
export interface DatabaseControl {
  start(): Promise<void>
  stop(): Promise<void>
  kill(): Promise<void>
}

/** A whole installation on this machine. Disposal stops everything in reverse order of its start. */
export interface RunningStack extends AsyncDisposable {
  readonly addresses: StackAddresses
  /** Where people and scripts reach the REST API, without `/api`. */
  readonly publicUrl: string
  readonly operatorToken: Secret<string>
  readonly platform: PlatformClient
  readonly services: Readonly<Record<ServiceName, ServiceProcess>>
  /** Undefined when DATABASE_URL names a server of somebody else's. */
  readonly postgres: DatabaseControl | undefined
  /** Undefined when REDIS_URL names a server of somebody else's. */
  readonly redis: DatabaseControl | undefined
  /** Folder with a log file per program. */
  readonly logDirectory: string
}

/**
 * Starts PostgreSQL and Redis (unless they are given), then auth-service, ip-allocator and one vpn-node, each when the
 * one before is ready. What was started is stopped again when a later part fails.
 */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  await using parts = new AsyncDisposableStack()
  const progress = (message: string): void => {
    options.signal?.throwIfAborted()
    options.progress?.(message)
  }
  const data = DataDirectory.open(options.dataDirectory)
  parts.use(await lockDirectory(data.path))
  await endLeftovers(data)
  const secretFiles = {
    masterKey: data.ensureSecret('master-key', 32, 'base64', data.hasDatabase),
    operatorToken: data.ensureSecret('operator-token', 32, 'base64url', false),
  }
  const addresses = await claimAddresses(options)
  const databases = await startDatabases(options, data, parts, progress)
  const operatorToken = data.readSecret('operator-token')
  const platform = new PlatformClient(addresses.publicUrl, operatorToken)
  const { databaseUrl, redisUrl } = databases
  const environments = serviceEnvironments({ options, addresses, data, platform, secretFiles, databaseUrl, redisUrl })
  const services = {
    'auth-service': serviceProcess('auth-service', options, data, environments),
    'ip-allocator': serviceProcess('ip-allocator', options, data, environments),
    'vpn-node': serviceProcess('vpn-node', options, data, environments),
  }
  for (const name of SERVICE_NAMES) {
    progress(`starting ${name}`)
    parts.use(services[name])
    await services[name].start()
    // It has enrolled, and the token was good once.
    data.removeSecret(joinTokenName(name))
  }
  options.signal?.throwIfAborted()
  const owned = parts.move()
  return {
    addresses,
    platform,
    operatorToken,
    services,
    publicUrl: addresses.publicUrl,
    postgres: databases.postgres,
    redis: databases.redis,
    logDirectory: join(data.path, 'logs'),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function endLeftovers(data: DataDirectory): Promise<void> {
  for (const name of SERVICE_NAMES.toReversed()) await endWrittenProcess(data.file('pids', name))
}

interface Databases {
  readonly databaseUrl: string
  readonly redisUrl: string
  readonly postgres: DatabaseControl | undefined
  readonly redis: DatabaseControl | undefined
}

async function startDatabases(
  options: StackOptions,
  data: DataDirectory,
  parts: AsyncDisposableStack,
  progress: (message: string) => void,
): Promise<Databases> {
  const durable = options.durable ?? true
  let { databaseUrl, redisUrl } = options
  let postgres: EmbeddedPostgres | undefined
  let redis: LocalRedis | undefined
  if (databaseUrl === undefined) {
    progress(data.hasDatabase ? 'starting PostgreSQL' : 'making a database and starting PostgreSQL')
    const logFile = data.file('logs', 'postgres.log')
    postgres = parts.use(await EmbeddedPostgres.start({ directory: data.databaseFolder('postgres'), durable, logFile }))
    databaseUrl = await postgres.createDatabase('sallyport')
  }
  if (redisUrl === undefined) {
    progress('starting Redis')
    const logFile = data.file('logs', 'redis.log')
    redis = parts.use(await LocalRedis.start({ directory: data.databaseFolder('redis'), durable, logFile }))
    redisUrl = redis.url
  }
  return { databaseUrl, redisUrl, postgres, redis }
}

function serviceProcess(
  name: ServiceName,
  options: StackOptions,
  data: DataDirectory,
  environments: ReturnType<typeof serviceEnvironments>,
): ServiceProcess {
  return new ServiceProcess({
    name,
    main: join(options.checkout, 'apps', name, 'dist/main.js'),
    environment: environments[name],
    nodeOptions: name === 'vpn-node' ? VPN_NODE_OPTIONS : [],
    namespace: name === 'vpn-node' ? options.nodeNamespace : undefined,
    logFile: data.file('logs', `${name}.log`),
    pidFile: data.file('pids', name),
  })
}
