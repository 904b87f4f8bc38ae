import { expect, it } from 'vitest'

import { concerns, RecentRevocations, type RevocationOrder } from './recent-revocations.ts'

const order = (fields: Partial<RevocationOrder>): RevocationOrder => ({
  type: 'revoked',
  tenantId: 't',
  code: 'user-disabled',
  message: 'The account is disabled',
  ...fields,
})
const bob = { tenantId: 't', deviceId: 'd', userId: 'u', connectionId: 'c' }

it.each([
  ['another tenant', order({ tenantId: 'other' }), false],
  ['another user', order({ userId: 'x' }), false],
  ['another device of the user', order({ userId: 'u', deviceId: 'x' }), false],
  ['another connection', order({ connectionId: 'x' }), false],
  ['the user', order({ userId: 'u' }), true],
  ['the device', order({ deviceId: 'd' }), true],
  ['the whole tenant', order({}), true],
])('an order about %s', (_name, revoked, expected) => {
  expect(concerns(revoked, bob)).toBe(expected)
})

it('a user who is not known yet is not meant by an order that names one', () => {
  expect(concerns(order({ userId: 'u' }), { ...bob, userId: undefined })).toBe(false)
})

it('finds what was heard since a grant was asked for, and nothing from before', () => {
  const recent = new RecentRevocations()
  recent.note(order({ userId: 'u' }), 1000)
  expect(recent.find(bob, 1001)).toBeUndefined()
  expect(recent.find(bob, 1000)?.code).toBe('user-disabled')
})

it('forgets after a minute', () => {
  const recent = new RecentRevocations()
  recent.note(order({ userId: 'u' }), 0)
  recent.note(order({ userId: 'x' }), 60_000)
  expect(recent.find(bob, 0)).toBeUndefined()
})
