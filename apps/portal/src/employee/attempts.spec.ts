import { expect, it } from 'vitest'

import { recentFailureOf } from './attempts.ts'
import type { Attempt } from './own-queries.ts'

const nowMs = Date.parse('2026-11-23T10:00:00.000Z')

function attempt(result: Attempt['result'], minutesAgo: number, kind: Attempt['kind'] = 'connection'): Attempt {
  return {
    eventId: '00000000-0000-4000-8000-000000000000',
    at: new Date(nowMs - minutesAgo * 60_000).toISOString(),
    kind,
    result,
    outcome: 'wrong-otp',
    explanation: '',
    message: null,
    source: null,
    country: null,
    client: null,
    device: null,
    network: null,
    node: null,
    checks: [],
  }
}

it('shows the last refusal', () => {
  const refused = attempt('refused', 5)
  expect(recentFailureOf([refused, attempt('allowed', 10)], nowMs)).toBe(refused)
})

it.each([
  ['nothing was tried', []],
  ['a success came after it', [attempt('allowed', 1), attempt('refused', 5)]],
  ['it is long ago', [attempt('refused', 24 * 60 + 1)]],
  ['only the portal refused', [attempt('refused', 1, 'portal-sign-in')]],
] as const)('says nothing when %s', (_, attempts) => {
  expect(recentFailureOf(attempts, nowMs)).toBeUndefined()
})

it('looks behind questions that were never answered, and sign-ins to the portal', () => {
  const refused = attempt('refused', 5)
  const later = [attempt('allowed', 1, 'portal-sign-in'), attempt('asked', 2)]
  expect(recentFailureOf([...later, refused], nowMs)).toBe(refused)
})

it('tells of a renewal that was refused', () => {
  const refused = attempt('refused', 5, 'renegotiation')
  expect(recentFailureOf([refused, attempt('allowed', 60)], nowMs)).toBe(refused)
})

it('tells of a new device what became of its own attempts', () => {
  const device = { deviceId: '00000000-0000-4000-8000-000000000001', name: 'Laptop' }
  const refused = { ...attempt('refused', 5), outcome: 'network-unavailable', device }
  const attempts = [attempt('allowed', 1), refused]
  expect(recentFailureOf(attempts, nowMs, device.deviceId)).toBe(refused)
  expect(recentFailureOf(attempts, nowMs, '00000000-0000-4000-8000-000000000002')).toBeUndefined()
})
