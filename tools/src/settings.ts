import { join } from 'node:path'

import type { StackOptions } from '@sallyport/local-services'

/**
 * Reads what `npm run up` takes from the environment; empty counts as absent. The names are those of the services, so
 * that a setting works here and there.
 */
export function upSettings(
  environment: Readonly<Record<string, string | undefined>>,
  checkout: string,
): { readonly stack: StackOptions; readonly routes: readonly string[] } {
  const text = (name: string): string | undefined => (environment[name] === '' ? undefined : environment[name])
  const present = (names: readonly string[]): Readonly<Record<string, string>> =>
    Object.fromEntries(
      names.flatMap((name) => {
        const value = text(name)
        return value === undefined ? [] : [[name, value]]
      }),
    )
  const list = (name: string): readonly string[] | undefined =>
    text(name)
      ?.split(',')
      .map((item) => item.trim())
  return {
    stack: {
      checkout,
      dataDirectory: text('SALLYPORT_DATA') ?? join(checkout, '.sallyport'),
      databaseUrl: text('DATABASE_URL'),
      redisUrl: text('REDIS_URL'),
      authListen: text('AUTH_LISTEN'),
      publicUrl: text('AUTH_PUBLIC_URL'),
      nodeApiListen: text('AUTH_NODE_API_LISTEN'),
      allocatorListen: text('ALLOCATOR_LISTEN'),
      nodeListen: text('NODE_LISTEN'),
      nodeTcpShare: text('NODE_TCP_SHARE'),
      metricsListen: text('METRICS_LISTEN'),
      vpnRemotes: list('VPN_REMOTES'),
      nodeSettings: present(['NODE_DATA_THREADS', 'NODE_CIPHER_LIBRARY', 'NODE_CAPTURE_DIRECTORY']),
      leaseSeconds: text('LEASE_SECONDS') === undefined ? undefined : Number(text('LEASE_SECONDS')),
      logLevel: text('LOG_LEVEL'),
    },
    routes: list('SALLYPORT_ROUTES') ?? [],
  }
}
