import { expect, it } from 'vitest'

import { detailOf } from './check-detail.ts'

it.each([
  ['mfa', 'required', { kind: 'code', code: 'required' }],
  ['attempts', 64, { kind: 'wait', seconds: 64 }],
  ['session-length', Date.parse('2026-01-15T12:00:00Z'), { kind: 'time', at: '2026-01-15T12:00:00.000Z' }],
  ['proof', 3600, { kind: 'age', seconds: 3600 }],
  ['idle', 60, { kind: 'age', seconds: 60 }],
  ['connection-limit', 2, { kind: 'count', count: 2 }],
  ['device', null, undefined],
  ['device', undefined, undefined],
] as const)('reads what %s says with %s', (check, detail, read) => {
  expect(detailOf(check, detail)).toEqual(read)
})
