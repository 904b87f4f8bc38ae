import type { Server } from 'node:https'

import { NestFactory } from '@nestjs/core'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { type ClusterIdentity, serverTls } from '@sallyport/cluster-identity'
import { AddressPools, RedisLeaseStore } from '@sallyport/ip-pool'
import { type Logger, serveStatus } from '@sallyport/telemetry'

import { AppModule } from './app.module.ts'
import { ApiErrorFilter } from './http/api-error.filter.ts'
import { AllocatorMetrics } from './runtime/allocator-metrics.ts'
import { keepIdentityFresh } from './runtime/identity-upkeep.ts'
import { listening } from './runtime/listening.ts'
import { RedisLink } from './runtime/redis-link.ts'
import type { AllocatorSettings } from './runtime/settings.ts'

const HANDSHAKE_TIMEOUT_MS = 5000
const REQUEST_TIMEOUT_MS = 10_000

/**
 * Serves the allocator API over mutual TLS until disposed. Does not wait for Redis: while it is away, calls are refused
 * with `store-unavailable` and the service is not ready.
 */
export async function startAllocator(
  settings: AllocatorSettings,
  identity: ClusterIdentity,
  log: Logger,
): Promise<AsyncDisposable> {
  await using parts = new AsyncDisposableStack()
  const redis = parts.use(new RedisLink(settings.REDIS_URL, log))
  const metrics = new AllocatorMetrics(() => redis.isReady)
  const pools = new AddressPools(new RedisLeaseStore(redis.client), { ttlSeconds: settings.LEASE_SECONDS })

  const tls = { ...serverTls(identity, { clientCertificate: 'required' }), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
  const adapter = new FastifyAdapter({ https: tls, forceCloseConnections: 'idle', requestTimeout: REQUEST_TIMEOUT_MS })
  // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest declares its options as a class and takes any object
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.of({ pools, metrics, log }), adapter, {
    logger: false,
    abortOnError: false,
  })
  parts.defer(() => app.close())
  app.useGlobalFilters(new ApiErrorFilter(metrics, log))
  const server = adapter.getHttpServer<Server>()
  server.on('tlsClientError', () => {
    metrics.refusals.increment('untrusted-connection')
  })
  parts.use(
    keepIdentityFresh(identity, log, () => {
      server.setSecureContext(serverTls(identity, { clientCertificate: 'required' }))
    }),
  )

  const { ALLOCATOR_LISTEN, METRICS_LISTEN } = settings
  if (METRICS_LISTEN !== undefined) {
    const status = {
      metrics: metrics.registry,
      problem: () => (metrics.isReady ? undefined : 'Redis cannot be reached'),
    }
    parts.use(await listening('METRICS_LISTEN', METRICS_LISTEN, () => serveStatus(METRICS_LISTEN, status)))
  }
  await listening('ALLOCATOR_LISTEN', ALLOCATOR_LISTEN, ({ host, port }) => app.listen(port, host))
  return parts.move()
}
