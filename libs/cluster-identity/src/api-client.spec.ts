import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { Secret } from '@sallyport/foundation'
import { beforeAll, expect, it } from 'vitest'

import { type AnswerSchema, noContent } from './api-answer.ts'
import { ApiClient } from './api-client.ts'
import type { ClusterCredentials } from './server-tls.ts'
import { answer, clusterServer } from './testing/cluster-server.ts'
import { type ThrowawayCluster, throwawayCluster } from './testing/throwaway-cluster.ts'

const SERVICE_ID = '00000000-0000-4000-8000-000000000001'

/** Stands for a zod schema of `{ value: number }`. */
const schema: AnswerSchema<{ value: number }> = {
  safeParse: (input) => {
    const isRight = typeof input === 'object' && input !== null && 'value' in input && typeof input.value === 'number'
    return isRight
      ? { success: true, data: { value: Number(input.value) } }
      : { success: false, error: new TypeError('not a value') }
  },
}

let cluster: ThrowawayCluster
let server: ClusterCredentials
let node: ClusterCredentials

beforeAll(async () => {
  cluster = await throwawayCluster()
  server = await cluster.member({ role: 'auth-service', hosts: ['localhost', '127.0.0.1'] })
  node = await cluster.member({ role: 'vpn-node', serviceId: SERVICE_ID })
})

const clientOf = (baseUrl: string, credentials: Partial<ClusterCredentials> & { clusterCaPem: string } = node) =>
  new ApiClient({ baseUrl, serverRole: 'auth-service', credentials })
const ask = { method: 'GET', path: '/thing', response: schema } as const

it('does not talk to a server whose certificate is of another CA', async () => {
  const foreign = await (await throwawayCluster()).member({ role: 'auth-service', hosts: ['localhost'] })
  let requests = 0
  await using listening = await clusterServer(foreign, () => (requests += 1))
  await using client = clientOf(listening.url)
  await expect(client.call(ask)).rejects.toMatchObject({ code: 'service-unavailable' })
  expect(requests).toBe(0)
})

it('does not talk to a server whose certificate is of another host', async () => {
  const elsewhere = await cluster.member({ role: 'auth-service', hosts: ['elsewhere.example'] })
  await using listening = await clusterServer(elsewhere, ({ response }) => {
    answer(response, 200, { value: 1 })
  })
  await using client = clientOf(listening.url)
  await expect(client.call(ask)).rejects.toThrow(/altnames/)
})

it('does not talk to a member of the cluster that stands in for another role', async () => {
  const allocator = await cluster.member({ role: 'ip-allocator', hosts: ['localhost'] })
  await using listening = await clusterServer(allocator, ({ response }) => {
    answer(response, 200, { value: 1 })
  })
  await using client = clientOf(listening.url)
  await expect(client.call(ask)).rejects.toThrow(/not of a service of role auth-service/)
})

it('is turned away without certificate by a server that requires one', async () => {
  await using listening = await clusterServer(
    server,
    ({ response }) => {
      answer(response, 200, { value: 1 })
    },
    'required',
  )
  await using client = clientOf(listening.url, { clusterCaPem: cluster.caPem })
  await expect(client.call(ask)).rejects.toMatchObject({ code: 'service-unavailable' })
})

it.each([
  ['without certificate', async () => Promise.resolve({ clusterCaPem: cluster.caPem })],
  ['with an expired certificate', () => cluster.member({ role: 'vpn-node', notAfterMs: Date.now() - 1000 })],
  [
    "with another cluster's certificate",
    async () => ({ ...(await (await throwawayCluster()).member({ role: 'vpn-node' })), clusterCaPem: cluster.caPem }),
  ],
])('is nobody %s where certificates are optional', async (_, credentials) => {
  await using listening = await clusterServer(server, ({ peer, response }) => {
    answer(response, peer === undefined ? 401 : 200, { code: 'no-certificate', message: 'who are you?' })
  })
  await using client = clientOf(listening.url, await credentials())
  await expect(client.call(ask)).rejects.toMatchObject({ status: 401, code: 'no-certificate', message: 'who are you?' })
})

it.each([
  ['an internal error', 500, { code: 'internal', message: 'broken' }],
  ['an error without a reason', 404, 'not found'],
  ['a redirect', 302, {}],
  ['another shape than agreed', 200, { value: 'one' }],
  ['a list where a value was agreed', 200, []],
])('counts %s as a service that is away', async (_, status, body) => {
  await using listening = await clusterServer(server, ({ response }) => {
    answer(response, status, body)
  })
  await using client = clientOf(listening.url)
  await expect(client.call(ask)).rejects.toMatchObject({ code: 'service-unavailable' })
})

it('counts a server that does not answer in time as away', async () => {
  await using listening = await clusterServer(server, () => undefined)
  await using client = clientOf(listening.url)
  await expect(client.call({ ...ask, timeoutMs: 50 })).rejects.toMatchObject({ code: 'service-unavailable' })
})

it('counts a port where nobody listens as away', async () => {
  const { url } = await (async () => {
    await using listening = await clusterServer(server, () => undefined)
    return listening
  })()
  await using client = clientOf(url)
  await expect(client.call(ask)).rejects.toThrow(/GET \/thing to https:\/\/localhost:\d+ failed: .*ECONNREFUSED/)
})

it('counts an answer without end as away', async () => {
  await using listening = await clusterServer(server, async ({ response }) => {
    const chunk = Buffer.alloc(256 * 1024, ' ')
    const closed = once(response, 'close')
    while (!response.destroyed) if (!response.write(chunk)) await Promise.race([once(response, 'drain'), closed])
  })
  await using client = clientOf(listening.url)
  await expect(client.call(ask)).rejects.toThrow(/longer than/)
})

it("fails with the caller's own reason when the caller gives up", async () => {
  const controller = new AbortController()
  const reason = new Error('shutting down')
  await using listening = await clusterServer(server, () => {
    controller.abort(reason)
  })
  await using client = clientOf(listening.url)
  await expect(client.call({ ...ask, signal: controller.signal })).rejects.toBe(reason)
})

it.each(['http://localhost:8443', 'localhost:8443', ''])('does not call in the clear or nowhere: %j', (baseUrl) => {
  expect(() => clientOf(baseUrl)).toThrow(/must be an address like https:\/\/host:port/)
})

it('sends JSON as itself', async () => {
  const seen: unknown[] = []
  await using listening = await clusterServer(server, ({ method, path, body, peer, response }) => {
    seen.push({ method, path, body, peer })
    answer(response, 200, { value: 42 })
  })
  await using client = clientOf(`https://127.0.0.1:${String(listening.port)}`)
  const double = { method: 'POST', path: '/double', body: { value: 21 }, response: schema } as const
  expect(await client.call(double)).toEqual({ value: 42 })
  const peer = { serviceId: SERVICE_ID, role: 'vpn-node' }
  expect(seen).toEqual([{ method: 'POST', path: '/double', body: '{"value":21}', peer }])
})

it('keeps its connections', async () => {
  await using listening = await clusterServer(server, ({ response }) => {
    answer(response, 200, { value: 1 })
  })
  await using client = clientOf(listening.url)
  for (let call = 0; call < 10; call++) await client.call(ask)
  // A call that follows at once may open a second connection before the first is seen to be free.
  expect(listening.connections()).toBeLessThanOrEqual(2)
})

it('makes many calls at once over a bounded number of connections, and gives each its own answer', async () => {
  await using listening = await clusterServer(server, async ({ body, response }) => {
    const value = Number(body)
    await new Promise((resolve) => setTimeout(resolve, value % 7))
    answer(response, 200, { value })
  })
  await using client = clientOf(listening.url)
  const values = Array.from({ length: 200 }, (_, value) => value)
  const call = (value: number) => client.call({ method: 'POST', path: '/echo', body: value, response: schema })
  expect((await Promise.all(values.map(call))).map(({ value }) => value)).toEqual(values)
  expect(listening.connections()).toBeLessThanOrEqual(32)
})

it('gives no later call the answer that came too late for its own', async () => {
  await using listening = await clusterServer(server, async ({ path, response }) => {
    if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 150))
    answer(response, 200, { value: path === '/slow' ? 1 : 2 })
  })
  await using client = clientOf(listening.url)
  await expect(client.call({ ...ask, path: '/slow', timeoutMs: 100 })).rejects.toMatchObject({
    code: 'service-unavailable',
  })
  const later: number[] = []
  for (let call = 0; call < 20; call++) {
    later.push((await client.call(ask)).value)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  expect(new Set(later)).toEqual(new Set([2]))
})

it.each([
  ['said so', { connection: 'close' }],
  ['keeps them for no time', { 'keep-alive': 'timeout=1' }],
])('opens another connection when the server %s', async (_, fields) => {
  await using listening = await clusterServer(server, ({ response }) => {
    response.writeHead(200, { ...fields, 'content-type': 'application/json' }).end('{"value":1}')
  })
  await using client = clientOf(listening.url)
  for (let call = 0; call < 3; call++) await client.call(ask)
  expect(listening.connections()).toBe(3)
})

it('has connections to make other calls after the server has ended all', async () => {
  const responses: ServerResponse[] = []
  await using listening = await clusterServer(server, ({ response }) => {
    responses.push(response)
    answer(response, 200, { value: 1 })
  })
  await using client = clientOf(listening.url)
  await client.call(ask)
  for (const { socket } of responses) socket?.destroy()
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(await client.call(ask)).toEqual({ value: 1 })
})

it.each(['/thing HTTP/1.1\r\nx: y', '/a b', 'thing', '/ä'])('does not take %j for a path', async (path) => {
  await using client = clientOf('https://localhost:1')
  await expect(client.call({ ...ask, path })).rejects.toMatchObject({ code: 'service-unavailable' })
})

it('takes 204 for an agreed answer without body', async () => {
  await using listening = await clusterServer(server, ({ response }) => {
    response.writeHead(204).end()
  })
  await using client = clientOf(listening.url)
  await expect(client.call({ method: 'POST', path: '/done', response: noContent })).resolves.toBeUndefined()
})

it('uses a renewed certificate from the next call on', async () => {
  const credentials = { ...node, privateKeyPem: node.privateKeyPem }
  const seen: unknown[] = []
  await using listening = await clusterServer(server, ({ peer, response }) => {
    seen.push(peer?.serviceId)
    answer(response, 200, { value: 1 })
  })
  await using client = clientOf(listening.url, credentials)
  await client.call(ask)
  const renewedId = '00000000-0000-4000-8000-000000000002'
  Object.assign(credentials, await cluster.member({ role: 'vpn-node', serviceId: renewedId }))
  await client.call(ask)
  expect(seen).toEqual([SERVICE_ID, renewedId])
})

it('ends on close the calls that were made with earlier certificates, too', async () => {
  const credentials = { ...node, privateKeyPem: node.privateKeyPem }
  const arrived = Promise.withResolvers<undefined>()
  await using listening = await clusterServer(server, ({ path, response }) => {
    if (path === '/endless') arrived.resolve(undefined)
    else answer(response, 200, { value: 1 })
  })
  await using client = clientOf(listening.url, credentials)
  const endless = expect(client.call({ ...ask, path: '/endless' })).rejects.toThrow(/the client is closed/)
  await arrived.promise
  for (let renewal = 0; renewal < 2; renewal++) {
    Object.assign(credentials, await cluster.member({ role: 'vpn-node', serviceId: SERVICE_ID }))
    await client.call(ask)
  }
  await client.close()
  await endless
})

it('is closed after close', async () => {
  const client = clientOf('https://localhost:1', { ...node, privateKeyPem: new Secret(node.privateKeyPem.reveal()) })
  await client.close()
  await expect(client.call(ask)).rejects.toThrow(/closed/)
})
