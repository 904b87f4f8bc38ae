import { expect, it } from 'vitest'

import type { OwnFactors } from '../session/own-factors.ts'
import type { Device } from './own-queries.ts'
import { certificateStateOf, todosOf } from './todos.ts'

const nowMs = Date.parse('2026-11-23T10:00:00.000Z')
const DAY_MS = 24 * 3600_000
const ME = { enrolFactorBefore: null }
const FACTORS: OwnFactors = {
  policy: { mfa: 'required', methods: ['totp', 'passkey', 'recovery-code'] },
  mustEnrol: false,
  enrolBefore: null,
  totp: { enrolledAt: '2026-01-01T00:00:00.000Z' },
  passkeys: [],
  recoveryCodes: { left: 10, of: 10 },
}

function device(daysLeft: number, renewalPending = false): Device {
  const id = '00000000-0000-4000-8000-000000000000'
  return {
    deviceId: id,
    name: 'Laptop',
    userId: id,
    username: 'ada',
    networkId: id,
    networkName: 'Office',
    authorityId: id,
    certificateNotAfter: new Date(nowMs + daysLeft * DAY_MS).toISOString(),
    serverMadeKey: false,
    renewalPending,
    renewableFrom: null,
    lastConnectedAt: null,
    revoked: false,
    createdAt: '2026-01-01T00:00:00.000Z',
  }
}

it('has nothing to say to somebody for whom all is well', () => {
  expect(todosOf(ME, FACTORS, [device(31), device(400)], nowMs)).toEqual([])
  expect(todosOf(ME, undefined, [], nowMs)).toEqual([])
})

it('lists the most pressing first', () => {
  const todos = todosOf(
    { enrolFactorBefore: '2026-12-01T00:00:00.000Z' },
    { ...FACTORS, recoveryCodes: { left: 2, of: 10 } },
    [device(30), device(0), device(300, true)],
    nowMs,
  )
  expect(todos.map(({ kind }) => kind)).toEqual(['factor', 'expiring', 'expired', 'import-renewed', 'codes'])
})

it('asks for no recovery codes that the policy does not take, or that nothing stands behind', () => {
  const none = { ...FACTORS, recoveryCodes: { left: 0, of: 0 } }
  expect(todosOf(ME, none, [], nowMs)).toEqual([{ kind: 'codes', left: 0 }])
  expect(todosOf(ME, { ...none, policy: { mfa: 'required', methods: ['totp'] } }, [], nowMs)).toEqual([])
  expect(todosOf(ME, { ...none, totp: { enrolledAt: null } }, [], nowMs)).toEqual([])
})

it.each([
  [31, 'good'],
  [30, 'expiring'],
  [0, 'expired'],
  [-1, 'expired'],
] as const)('says of a certificate with %i days left: %s', (daysLeft, state) => {
  expect(certificateStateOf(device(daysLeft), nowMs)).toBe(state)
})
