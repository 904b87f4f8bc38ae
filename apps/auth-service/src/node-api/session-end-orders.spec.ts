import { MAX_SESSION_ENDS, nodeOrder } from '@sallyport/contracts'
import { expect, it } from 'vitest'

import { type MovedEnd, sessionEndOrders, wholeSeconds } from './session-end-orders.ts'

const NODES = ['77777777-0000-4000-8000-000000000000', '88888888-0000-4000-8000-000000000000'] as const
const endsAt = new Date('2026-01-16T00:00:00.000Z')

function moved(count: number, serviceId: string): MovedEnd[] {
  const id = (place: number): string => `66666666-0000-4000-8000-${String(place).padStart(12, '0')}`
  return Array.from({ length: count }, (_, place) => ({ id: id(place), serviceId, loginStartedAt: null, endsAt }))
}

it('tells each node of its own connections, and of no more at once than a line holds', () => {
  const orders = sessionEndOrders([...moved(1, NODES[0]), ...moved(MAX_SESSION_ENDS + 1, NODES[1])], false)
  expect(orders.map(({ serviceId, order }) => [serviceId, order.ends.length])).toEqual([
    [NODES[0], 1],
    [NODES[1], MAX_SESSION_ENDS],
    [NODES[1], 1],
  ])
  for (const { order } of orders) {
    expect(nodeOrder.parse(order)).toEqual(order)
    expect(JSON.stringify(order).length).toBeLessThan(64 * 1024)
  }
  expect(sessionEndOrders([], true)).toEqual([])
})

it('ends logins at whole seconds, never later than allowed', () => {
  expect(wholeSeconds(endsAt.getTime() + 999)).toEqual(endsAt)
})
