import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

import { afterEach, expect, it, vi } from 'vitest'

import { WebhookSender } from './webhook-sender.ts'
import { WebhookTarget } from './webhook-target.ts'

const trying = new WebhookSender(
  new WebhookTarget({ AUTH_PUBLIC_URL: 'http://127.0.0.1:1', WEBHOOK_PRIVATE_NETWORKS: [] }),
)
const strict = new WebhookSender(
  new WebhookTarget({ AUTH_PUBLIC_URL: 'https://vpn.example.com', WEBHOOK_PRIVATE_NETWORKS: [] }),
)
const closers: (() => void)[] = []

afterEach(() => {
  for (const close of closers.splice(0)) close()
  vi.useRealTimers()
})

/** A receiver on loopback; gives its port and the connections that it saw. */
async function receiver(listener: RequestListener): Promise<{ port: string; sockets: Socket[] }> {
  const server = createServer(listener)
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: String(portOf(server.address())), sockets }
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0
}

async function post(sender: WebhookSender, url: string, stop?: AbortSignal) {
  using connection = sender.to(url, stop)
  return await connection.post({ 'webhook-id': 'a' }, '{"ä":1}')
}

it('sends the body once, as JSON with its headers', async () => {
  const seen: unknown[] = []
  const { port } = await receiver((request, response) => {
    const { method, headers } = request
    request.on('data', (body: Buffer) =>
      seen.push(method, headers['webhook-id'], headers['content-type'], String(body)),
    )
    request.on('end', () => response.writeHead(204).end())
  })
  expect(await post(trying, `http://127.0.0.1:${port}/`)).toEqual({ delivered: true, status: 204 })
  expect(seen).toEqual(['POST', 'a', 'application/json', '{"ä":1}'])
})

it.each([
  [301, { location: 'https://example.com/' }, { failure: 'redirected', status: 301 }],
  [307, { location: '/' }, { failure: 'redirected', status: 307 }],
  [410, {}, { failure: 'gone', status: 410 }],
  [500, {}, { failure: 'refused', status: 500 }],
  [503, { 'retry-after': '7' }, { failure: 'refused', status: 503, retryAfterMs: 7000 }],
  [503, { 'retry-after': 'Wed, 25 Nov 2026 10:00:00 GMT' }, { failure: 'refused', status: 503 }],
])('takes the answer %i as it is', async (status, headers, expected) => {
  let requests = 0
  const { port } = await receiver((_, response) => {
    requests += 1
    response.writeHead(status, headers).end()
  })
  expect(await post(trying, `http://127.0.0.1:${port}/`)).toEqual({ delivered: false, ...expected })
  expect(requests).toBe(1)
})

it('does not read an answer without end', async () => {
  let sentBytes = 0
  const { port } = await receiver((_, response) => {
    const chunk = Buffer.alloc(64 * 1024)
    const pour = (): void => {
      while (!response.destroyed && response.write(chunk)) sentBytes += chunk.length
    }
    response.on('drain', pour)
    pour()
  })
  expect(await post(trying, `http://127.0.0.1:${port}/`)).toMatchObject({ delivered: true })
  expect(sentBytes).toBeLessThan(16 * 1024 * 1024)
})

it('gives up on a receiver that does not answer, and on one that never ends its answer', async () => {
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => {
    const controller = new AbortController()
    setTimeout(() => {
      controller.abort()
    }, 50)
    return controller.signal
  })
  const silent = await receiver(() => undefined)
  const dripping = await receiver((_, response) => response.write('x'))
  expect(await post(trying, `http://127.0.0.1:${silent.port}/`)).toEqual({ delivered: false, failure: 'timed-out' })
  expect(await post(trying, `http://127.0.0.1:${dripping.port}/`)).toEqual({ delivered: false, failure: 'timed-out' })
  expect(timeout).toHaveBeenCalledWith(10_000)
  timeout.mockRestore()
})

it('lets go of what is under way when told to stop', async () => {
  const stop = new AbortController()
  const { port } = await receiver(() => {
    stop.abort()
  })
  expect(await post(trying, `http://127.0.0.1:${port}/`, stop.signal)).toMatchObject({ delivered: false })
})

it('uses one connection for several requests, and another when the receiver closed it meanwhile', async () => {
  const { port, sockets } = await receiver((_, response) => response.end())
  using connection = trying.to(`http://127.0.0.1:${port}/`)
  for (let count = 0; count < 3; count += 1) expect(await connection.post({}, '{}')).toMatchObject({ delivered: true })
  expect(sockets).toHaveLength(1)
  sockets[0]?.resetAndDestroy()
  expect(await connection.post({}, '{}')).toMatchObject({ delivered: true })
  expect(sockets).toHaveLength(2)
})

it('says why nothing was reached', async () => {
  const { port, sockets } = await receiver((_, response) => response.end())
  expect(await post(trying, `https://127.0.0.1:${port}/`)).toEqual({ delivered: false, failure: 'tls-failed' })
  sockets.length = 0
  expect(await post(strict, `https://127.0.0.1:${port}/`)).toEqual({ delivered: false, failure: 'refused-address' })
  expect(await post(strict, `https://localhost:${port}/`)).toEqual({ delivered: false, failure: 'refused-address' })
  expect(await post(strict, `http://127.0.0.1:${port}/`)).toEqual({ delivered: false, failure: 'refused-address' })
  expect(sockets).toHaveLength(0)
  expect(await post(trying, 'http://127.0.0.1:1/')).toEqual({ delivered: false, failure: 'not-connected' })
  expect(await post(strict, 'https://no-such-name.invalid/')).toEqual({ delivered: false, failure: 'name-not-found' })
})
