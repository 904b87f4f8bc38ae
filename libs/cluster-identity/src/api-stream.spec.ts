import { once } from 'node:events'
import type { ServerResponse } from 'node:http'

import { beforeAll, expect, it } from 'vitest'

import type { AnswerSchema } from './api-answer.ts'
import { ApiClient } from './api-client.ts'
import type { ClusterCredentials } from './server-tls.ts'
import { answer, clusterServer } from './testing/cluster-server.ts'
import { throwawayCluster } from './testing/throwaway-cluster.ts'

/** Stands for a zod schema of a number. */
const schema: AnswerSchema<number> = {
  safeParse: (value) =>
    typeof value === 'number'
      ? { success: true, data: value }
      : { success: false, error: new TypeError('not a number') },
}

let server: ClusterCredentials
let node: ClusterCredentials

beforeAll(async () => {
  const cluster = await throwawayCluster()
  server = await cluster.member({ role: 'auth-service', hosts: ['localhost'] })
  node = await cluster.member({ role: 'vpn-node' })
})

async function streamFrom(serve: (response: ServerResponse) => unknown) {
  const listening = await clusterServer(server, ({ response }) => serve(response), 'required')
  const client = new ApiClient({ baseUrl: listening.url, serverRole: 'auth-service', credentials: node })
  return {
    client,
    [Symbol.asyncDispose]: async () => {
      await client.close()
      await listening[Symbol.asyncDispose]()
    },
  }
}

it('gives up a line over 64 KiB', async () => {
  await using opened = await streamFrom((response) => response.write('1\n' + '1'.repeat(64 * 1024 + 1)))
  const lines = opened.client.stream({ path: '/orders', schema })
  expect(await lines.next()).toEqual({ value: 1, done: false })
  await expect(lines.next()).rejects.toMatchObject({ code: 'service-unavailable' })
})

it('fails at a line that is not as agreed', async () => {
  await using opened = await streamFrom((response) => response.write('1\n"two"\n3\n'))
  const lines = opened.client.stream({ path: '/orders', schema })
  await lines.next()
  await expect(lines.next()).rejects.toThrow(/not as agreed/)
})

it('fails when nothing comes for too long', async () => {
  await using opened = await streamFrom((response) => response.write('1\n'))
  const lines = opened.client.stream({ path: '/orders', schema, idleMs: 100 })
  await lines.next()
  await expect(lines.next()).rejects.toMatchObject({ code: 'service-unavailable' })
})

it('passes on a refusal', async () => {
  await using opened = await streamFrom((response) => {
    answer(response, 403, { code: 'wrong-role', message: 'nodes only' })
  })
  await expect(opened.client.stream({ path: '/orders', schema }).next()).rejects.toMatchObject({ code: 'wrong-role' })
})

it("ends with the caller's reason while it waits", async () => {
  const controller = new AbortController()
  await using opened = await streamFrom((response) => response.write('1\n'))
  const lines = opened.client.stream({ path: '/orders', schema, signal: controller.signal })
  await lines.next()
  const waiting = lines.next()
  controller.abort(new Error('shutting down'))
  await expect(waiting).rejects.toThrow('shutting down')
})

it('closes the connection when the loop is left', async () => {
  const closed = Promise.withResolvers<unknown>()
  await using opened = await streamFrom((response) => {
    closed.resolve(once(response, 'close'))
    response.write('1\n2\n')
  })
  for await (const value of opened.client.stream({ path: '/orders', schema })) {
    expect(value).toBe(1)
    break
  }
  await closed.promise
})

it('gives the lines in order and ends with the server', async () => {
  await using opened = await streamFrom((response) => {
    response.write('1\n2')
    response.end('3\n\n4\n')
  })
  const values: number[] = []
  for await (const value of opened.client.stream({ path: '/orders', schema })) values.push(value)
  expect(values).toEqual([1, 23, 4])
})
