import type { Readable } from 'node:stream'

import { createLogger } from '@sallyport/telemetry'
import { expect, it } from 'vitest'

import { OrderHub } from './order-hub.ts'
import { openOrderStream } from './order-stream.ts'

/** A Redis that is away: orders still reach the streams of this process. */
function hubWithoutRedis(): { hub: OrderHub; hear: (message: string) => void } {
  let hear: (message: string) => void = () => undefined
  const store = {
    subscribe: (_channel: string, listener: (message: string) => void) => {
      hear = listener
    },
    run: () => Promise.reject(new Error('away')),
  }
  const hub = new OrderHub(store, createLogger('test', 'silent'))
  return {
    hub,
    hear: (message) => {
      hear(message)
    },
  }
}

const SERVICE = '11111111-1111-4111-8111-111111111111'
const OTHER = '22222222-2222-4222-8222-222222222222'
const linesOf = (stream: Readable): string[] => String(stream.read()).split('\n').filter(Boolean)

it('cuts off a node that does not read', () => {
  const { hub } = hubWithoutRedis()
  const stream = openOrderStream(hub, SERVICE, false)
  const order = { type: 'revoked' as const, tenantId: OTHER, code: 'x', message: 'x'.repeat(200) }
  for (let count = 0; count < 10_000 && !stream.destroyed; count += 1) hub.publish(order)
  expect(stream.destroyed).toBe(true)
})

it('ignores what another version published', () => {
  const { hub, hear } = hubWithoutRedis()
  const stream = openOrderStream(hub, SERVICE, false)
  hear('no json')
  hear(JSON.stringify({ origin: OTHER, serviceId: null, order: { type: 'explode' } }))
  hear(JSON.stringify({ origin: OTHER, serviceId: null, order: { type: 'resume' } }))
  expect(linesOf(stream).map((line): unknown => JSON.parse(line))).toEqual([
    { type: 'hello', version: 1 },
    { type: 'resume' },
  ])
  stream.destroy()
})

it('ends the streams of a dismissed service at once, those of other instances too, and no others', async () => {
  const { hub, hear } = hubWithoutRedis()
  const [ours, again, theirs] = [SERVICE, SERVICE, OTHER].map((service) => openOrderStream(hub, service, false))
  hub.dismiss(SERVICE)
  expect([ours?.destroyed, again?.destroyed, theirs?.destroyed]).toEqual([true, true, false])
  hear(JSON.stringify({ origin: OTHER, serviceId: OTHER, order: { type: 'dismiss' } }))
  expect(theirs?.destroyed).toBe(true)
  await new Promise((resolve) => setImmediate(resolve))
  expect(hub.size).toBe(0)
})

it('delivers while Redis is away, to the service that is meant, and forgets a closed stream', async () => {
  const { hub } = hubWithoutRedis()
  const [ours, theirs] = [openOrderStream(hub, SERVICE, true), openOrderStream(hub, OTHER, false)]
  hub.publish({ type: 'resume' }, SERVICE)
  expect(linesOf(ours).at(1)).toBe('{"type":"drain"}')
  expect(linesOf(theirs)).toHaveLength(1)
  const closed = new Promise((resolve) => ours.once('close', resolve))
  ours.destroy()
  theirs.destroy()
  await closed
  expect(hub.size).toBeLessThanOrEqual(1)
})
