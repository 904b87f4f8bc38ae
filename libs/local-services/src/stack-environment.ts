import type { DataDirectory } from './data-directory.ts'
import type { ListenPort } from './listen-port.ts'
import type { PlatformClient } from './platform-client.ts'
import { hasIdentity } from './service-process.ts'
import { hostPort, listenListText, type StackAddresses, type StackOptions } from './stack-options.ts'

/** The services of a stack, in the order of their start. */
export const SERVICE_NAMES = ['auth-service', 'ip-allocator', 'vpn-node'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

type Environment = Readonly<Record<string, string>>

/** What the services' settings are made of. */
export interface StackParts {
  readonly options: StackOptions
  readonly addresses: StackAddresses
  readonly data: DataDirectory
  readonly platform: PlatformClient
  readonly secretFiles: { readonly masterKey: string; readonly operatorToken: string }
  readonly databaseUrl: string
  readonly redisUrl: string
}

/** Gives each service's environment at each of its starts. Secrets go by file (`NAME_FILE`), never by value. */
export function serviceEnvironments(parts: StackParts): Record<ServiceName, () => Promise<Environment>> {
  const { addresses, data, options } = parts
  const common = { LOG_LEVEL: options.logLevel ?? 'info' }
  const databaseUrlFile = data.writeSecret('database-url', parts.databaseUrl)
  const redisUrlFile = data.writeSecret('redis-url', parts.redisUrl)
  const nodeApiUrl = `https://${hostPort(reachable(addresses.nodeApi))}`
  return {
    'auth-service': () =>
      Promise.resolve({
        ...common,
        AUTH_LISTEN: hostPort(addresses.auth),
        AUTH_PUBLIC_URL: addresses.publicUrl,
        AUTH_NODE_API_LISTEN: hostPort(addresses.nodeApi),
        AUTH_NODE_API_HOSTS: certificateHosts(addresses.nodeApi),
        DATABASE_URL_FILE: databaseUrlFile,
        REDIS_URL_FILE: redisUrlFile,
        MASTER_KEY_FILE: parts.secretFiles.masterKey,
        OPERATOR_TOKEN_FILE: parts.secretFiles.operatorToken,
        ALLOCATOR_URL: `https://${hostPort(reachable(addresses.allocator))}`,
        VPN_REMOTES: addresses.vpnRemotes.join(','),
      }),
    'ip-allocator': async () => ({
      ...common,
      ...(await identity(parts, 'ip-allocator', 'ip-allocator-1')),
      ALLOCATOR_LISTEN: hostPort(addresses.allocator),
      ALLOCATOR_HOSTS: certificateHosts(addresses.allocator),
      REDIS_URL_FILE: redisUrlFile,
      AUTH_NODE_API_URL: nodeApiUrl,
      LEASE_SECONDS: String(options.leaseSeconds ?? 120),
    }),
    'vpn-node': async () => ({
      ...common,
      ...(await identity(parts, 'vpn-node', 'vpn-node-1')),
      NODE_LISTEN: listenListText(addresses.nodeListeners),
      ...(options.nodeTcpShare === undefined ? {} : { NODE_TCP_SHARE: options.nodeTcpShare }),
      AUTH_NODE_API_URL: nodeApiUrl,
      METRICS_LISTEN: hostPort(addresses.metrics),
      NODE_CAPTURE_DIRECTORY: data.file('captures', ''),
      ...options.nodeSettings,
    }),
  }
}

/** Name and identity folder; a join token only as long as the service has not enrolled. */
async function identity(parts: StackParts, role: 'ip-allocator' | 'vpn-node', name: string): Promise<Environment> {
  const directory = parts.data.file('identity', role)
  const base = { SERVICE_NAME: name, IDENTITY_DIRECTORY: directory }
  if (hasIdentity(directory)) return base
  const token = await parts.platform.createJoinToken(role, name)
  return { ...base, JOIN_TOKEN_FILE: parts.data.writeSecret(joinTokenName(role), token) }
}

/** Name of the secret with which a service enrols. */
export function joinTokenName(service: ServiceName): string {
  return `join-token-${service}`
}

/** A service that listens on all addresses is reached on loopback. */
function reachable(listen: ListenPort): ListenPort {
  if (listen.host === '0.0.0.0') return { ...listen, host: '127.0.0.1' }
  return listen.host === '::' ? { ...listen, host: '::1' } : listen
}

function certificateHosts(listen: ListenPort): string {
  return [...new Set(['localhost', '127.0.0.1', reachable(listen).host])].join(',')
}
