import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { afterEach, beforeEach, expect, it } from 'vitest'

import { Metrics } from './metrics.ts'
import { serveStatus } from './status-server.ts'

const metrics = new Metrics()
metrics.gauge('test_value', 'A value.', () => 42)

let port: number
let problem: () => string | undefined | Promise<string | undefined>
let server: AsyncDisposable

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
  const { port: found } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return found
}

beforeEach(async () => {
  port = await freePort()
  problem = () => undefined
  const pages = { '/peers': () => Promise.resolve([{ peerId: 7 }]) }
  server = await serveStatus({ host: '127.0.0.1', port }, { metrics, problem: () => problem(), pages })
})
afterEach(() => server[Symbol.asyncDispose]())

const get = (path: string, method = 'GET') => fetch(`http://127.0.0.1:${String(port)}${path}`, { method })

it('fails on an address that is taken', async () => {
  const again = serveStatus({ host: '127.0.0.1', port }, { metrics, problem: () => undefined })
  await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

it('shows what else the process has to show', async () => {
  const answer = await get('/peers?all')
  expect([answer.headers.get('content-type'), await answer.json()]).toEqual(['application/json', [{ peerId: 7 }]])
  expect((await get('/constructor')).status).toBe(404)
})

it('answers nothing but what it is for', async () => {
  expect((await get('/')).status).toBe(404)
  expect((await get('/metrics/..%2f')).status).toBe(404)
  expect((await get('/metrics', 'POST')).status).toBe(405)
})

it('lives while it is not ready, and says why it is not', async () => {
  problem = () => Promise.resolve('Redis cannot be reached')
  const answer = await get('/health/ready')
  expect([answer.status, await answer.json()]).toEqual([503, { status: 'Redis cannot be reached' }])
  problem = () => {
    throw new Error('hunter2')
  }
  const failure = await get('/health/ready')
  expect([failure.status, await failure.text()]).toEqual([500, ''])
  expect((await get('/health/live')).status).toBe(200)
})

it('shows readiness and metrics, and stops when it is told to', async () => {
  expect(await (await get('/health/ready')).json()).toEqual({ status: 'ok' })
  const answer = await get('/metrics?from=prometheus')
  expect(answer.headers.get('content-type')).toBe(metrics.contentType)
  expect(await answer.text()).toContain('sallyport_test_value 42')
  await server[Symbol.asyncDispose]()
  await expect(get('/health/live')).rejects.toThrow()
})
