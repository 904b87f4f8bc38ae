import { createServer } from 'node:http'

import type { Metrics } from '@sallyport/telemetry'

import { closeServer, listen } from './listen.ts'

/** Serves `GET /metrics` for Prometheus on an address of its own, so that it need not be public. */
export async function listenForMetrics(
  metrics: Metrics,
  address: { host: string; port: number },
): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await listen(server, 'METRICS_LISTEN', address)
  return { [Symbol.asyncDispose]: () => closeServer(server) }
}
