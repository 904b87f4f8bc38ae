import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'

import { type ThrowawayRedis, throwawayRedis } from './redis.ts'

let server: ThrowawayRedis
beforeAll(async () => {
  server = await throwawayRedis()
})
afterAll(() => server[Symbol.asyncDispose]())

it('comes back empty on the same address after an outage, and a client finds it again by itself', async () => {
  const client = new Redis(server.url, { maxRetriesPerRequest: null, retryStrategy: () => 20 })
  client.on('error', () => undefined)
  await client.set('key', 'value')
  await server.stop()
  const later = client.get('key')
  await server.start()
  expect(await later).toBeNull()
  client.disconnect()
})
