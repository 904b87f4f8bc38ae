import { createServer, type Server } from 'node:http'

import { SallyportError } from '@sallyport/foundation'
import type { Metrics } from '@sallyport/telemetry'

/** What the status listener shows. */
export interface Status {
  readonly metrics: { readonly registry: Pick<Metrics, 'text' | 'contentType'> }
  /** Whether new clients can be let in. */
  readonly ready: boolean
}

/** Serves `/metrics`, `/health/live` and `/health/ready` over plain HTTP on an address that operators keep private. */
export async function serveStatus(listen: { host: string; port: number }, status: Status): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    void (async () => {
      const [code, type, body] = await answer(request.url ?? '', status)
      response.writeHead(code, { 'content-type': type }).end(body)
    })()
  })
  await listening(server, listen)
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

async function answer(url: string, status: Status): Promise<[number, string, string]> {
  const { registry } = status.metrics
  switch (url) {
    case '/metrics':
      return [200, registry.contentType, await registry.text()]
    case '/health/live':
      return [200, 'application/json', '{"status":"ok"}']
    case '/health/ready':
      return status.ready
        ? [200, 'application/json', '{"status":"ok"}']
        : [503, 'application/json', '{"status":"auth-service is away"}']
    default:
      return [404, 'text/plain', 'not found']
  }
}

function listening(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      const where = `${host}:${String(port)}`
      reject(new SallyportError('port-in-use', `METRICS_LISTEN ${where}: ${error.message}`, { cause: error }))
    })
    server.listen(port, host, () => {
      resolve()
    })
  })
}
