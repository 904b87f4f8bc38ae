import { expect, it } from 'vitest'

import { DELIVERY_FAILURES, TOLD_FAILURES, toldFailureOf } from './delivery-failure.ts'

it('tells a tenant the same of whatever would say which names and addresses there are around the service', () => {
  const hidden = ['name-not-found', 'refused-address', 'not-connected'] as const
  expect(new Set(hidden.map(toldFailureOf))).toEqual(new Set(['unreachable']))
})

it('tells everything else as it is', () => {
  expect(new Set(DELIVERY_FAILURES.map(toldFailureOf))).toEqual(new Set(TOLD_FAILURES))
  for (const failure of ['timed-out', 'tls-failed', 'redirected', 'gone', 'refused'] as const) {
    expect(toldFailureOf(failure)).toBe(failure)
  }
})
