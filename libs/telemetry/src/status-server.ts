import { once } from 'node:events'
import { createServer } from 'node:http'

import type { Metrics } from './metrics.ts'

/** What a process shows of itself. */
export interface Status {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  /** Says why the process cannot do its work at the moment; `undefined` when it can. */
  readonly problem: () => string | undefined | Promise<string | undefined>
  /** What else it shows as JSON, by path. */
  readonly pages?: Readonly<Record<string, () => unknown>>
}

interface Answer {
  readonly status: number
  readonly type: string
  readonly body: string
}

const HEALTHY: Answer = { status: 200, type: 'application/json', body: '{"status":"ok"}' }

/**
 * Serves `/metrics`, `/health/live`, `/health/ready` and the process's own pages over plain HTTP, on an address that
 * operators keep private. Fails with Node's own error when the address cannot be listened on.
 */
export async function serveStatus(listen: { host: string; port: number }, status: Status): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end()
      return
    }
    answer(request.url ?? '', status).then(
      ({ status: code, type, body }) =>
        response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' }).end(body),
      () => response.writeHead(500).end(),
    )
  })
  server.listen(listen)
  await once(server, 'listening')
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

async function answer(url: string, { metrics, problem, pages = {} }: Status): Promise<Answer> {
  const path = url.replace(/\?.*/, '')
  switch (path) {
    case '/metrics':
      return { status: 200, type: metrics.contentType, body: await metrics.text() }
    case '/health/live':
      return HEALTHY
    case '/health/ready': {
      const reason = await problem()
      return reason === undefined ? HEALTHY : { ...HEALTHY, status: 503, body: JSON.stringify({ status: reason }) }
    }
    default: {
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined
      if (page === undefined) return { status: 404, type: 'text/plain', body: 'not found' }
      return { ...HEALTHY, body: JSON.stringify(await page()) }
    }
  }
}
