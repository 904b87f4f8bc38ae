import { setTimeout as delay } from 'node:timers/promises'

import type { ApiClient } from '@sallyport/cluster-identity'
import { type NodeOrder, nodeOrder } from '@sallyport/contracts'
import { expect } from 'vitest'

const COMES_WITHIN_MS = 2000

/** Opens the stream of orders and gives what comes, without heartbeats. */
export async function listen(client: ApiClient): Promise<AsyncDisposable & { next: () => Promise<NodeOrder> }> {
  const closed = new AbortController()
  const stream = client.stream({ path: '/node-api/v1/orders', schema: nodeOrder, signal: closed.signal })
  const next = async (): Promise<NodeOrder> => {
    for (;;) {
      const line = await Promise.race([stream.next(), delay(COMES_WITHIN_MS, undefined, { ref: false })])
      if (line === undefined) throw new Error('no order came in time')
      if (line.done === true) throw new Error('the stream ended')
      if (line.value.type !== 'heartbeat') return line.value
    }
  }
  expect(await next()).toEqual({ type: 'hello', version: 1 })
  return {
    next,
    [Symbol.asyncDispose]: () => {
      closed.abort()
      return Promise.resolve()
    },
  }
}
