import { expect, it } from 'vitest'

import { hears, webhookEventOf } from './webhook-event.ts'

const EVENT = {
  id: '22222222-2222-4222-8222-222222222222',
  at: new Date('2026-11-25T10:00:00Z'),
  actor: 'user:1',
  action: 'device.revoke',
  target: null,
  outcome: 'ok',
  userId: null,
  details: '{"n":1}',
  detailsSha256: 'x',
}

it.each([
  [[], 'device.revoke', true],
  [['device.revoke'], 'device.revoke', true],
  [['device.revoke'], 'device.revoked', false],
  [['device.*'], 'device.revoke', true],
  [['device.*'], 'devices.revoke', false],
  [['user.create', 'device.*'], 'device.revoke', true],
  [['user.*'], 'device.revoke', false],
])('with the list %j, whether %s is heard is %s', (actions, action, expected) => {
  expect(hears(actions, action)).toBe(expected)
})

it('writes an event with its place in the chain', () => {
  const written = webhookEventOf('tenant', { sequence: 7, hash: 'abc', event: EVENT })
  const { id: eventId, actor, action, target, outcome, userId } = EVENT
  expect(written?.id).toBe(eventId)
  expect(JSON.parse(written?.body ?? '')).toEqual({
    type: 'device.revoke',
    timestamp: '2026-11-25T10:00:00.000Z',
    data: {
      ...{ tenantId: 'tenant', eventId, sequence: 7, hash: 'abc', actor, action, target, outcome, userId },
      details: { n: 1 },
    },
  })
})

it('goes on where an event was deleted or its details are no JSON', () => {
  expect(webhookEventOf('tenant', { sequence: 7, hash: 'abc', event: null })).toBeUndefined()
  const odd = webhookEventOf('tenant', { sequence: 7, hash: 'abc', event: { ...EVENT, details: '{' } })
  expect(JSON.parse(odd?.body ?? '')).toMatchObject({ data: { details: '{' } })
})
