import { createServer } from 'node:http'

import type { AllocatorMetrics } from './allocator-metrics.ts'
import { listenError } from './listen-error.ts'

const JSON_TYPE = 'application/json'

/** Serves `/metrics`, `/health/live` and `/health/ready` over plain HTTP, on an address that operators keep private. */
export async function serveStatus(
  listen: { host: string; port: number },
  metrics: Pick<AllocatorMetrics, 'isReady' | 'registry'>,
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    answer(request.url ?? '', metrics).then(
      ([status, type, body]) => response.writeHead(status, { 'content-type': type }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError('METRICS_LISTEN', listen, error))
    })
    server.listen(listen, resolve)
  })
  return {
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

async function answer(
  url: string,
  { isReady, registry }: Pick<AllocatorMetrics, 'isReady' | 'registry'>,
): Promise<[status: number, type: string, body: string]> {
  switch (url) {
    case '/metrics':
      return [200, registry.contentType, await registry.text()]
    case '/health/live':
      return [200, JSON_TYPE, '{"status":"ok"}']
    case '/health/ready':
      return isReady ? [200, JSON_TYPE, '{"status":"ok"}'] : [503, JSON_TYPE, '{"status":"redis is away"}']
    default:
      return [404, 'text/plain', 'not found']
  }
}
