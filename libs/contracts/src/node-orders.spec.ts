import { expect, it } from 'vitest'

import { heardOrder, MAX_SESSION_ENDS, nodeOrder } from './node-orders.ts'

const ID = '0b8e7c4e-6f3e-4a52-9d7a-0d3b6c1f2a10'
const END = { connectionId: ID, sessionEndsAt: '2026-01-16T00:00:00.000Z' }

it('lets a node pass over an order of a later version, and take what it knows', () => {
  expect(heardOrder.parse({ type: 'make-coffee', cups: 2 })).toEqual({ type: 'unknown' })
  expect(heardOrder.parse({ type: 'drain' })).toEqual({ type: 'drain' })
  const moved = { type: 'session-ends', ends: [END], renewKeys: true }
  expect(heardOrder.parse(moved)).toEqual(moved)
})

it('does not take a known order that is not as agreed for an unknown one', () => {
  const revoked = { type: 'revoked', tenantId: 'not an id', code: 'x', message: 'y' }
  for (const order of [
    revoked,
    { type: 'drain', now: true },
    { type: 'session-ends', ends: [], renewKeys: true },
    {},
    null,
  ]) {
    expect(heardOrder.safeParse(order).success).toBe(false)
  }
})

it('bounds how many logins one order moves', () => {
  const ends = Array.from({ length: MAX_SESSION_ENDS + 1 }, () => END)
  expect(nodeOrder.safeParse({ type: 'session-ends', ends, renewKeys: false }).success).toBe(false)
})
