import { expect, it } from 'vitest'

import { endOf, isReversed, localMinute, readAuditSearch, referenceOf, resultOf, timeOf } from './audit-search.ts'

it('leaves out of the address what is no filter, and times that are none', () => {
  const raw = { actor: 'policy', action: 'device.', from: 'yesterday', to: '2026-11-23T10:00:00+01:00', page: 3 }
  expect(readAuditSearch(raw)).toEqual({ actor: 'policy', action: 'device.', to: '2026-11-23T09:00:00.000Z' })
})

it('gives a field the minute that was typed into it, whatever the zone', () => {
  for (const typed of ['2026-11-23T10:05', '2026-07-01T00:00', '2026-03-29T12:30']) {
    expect(localMinute(timeOf(typed))).toBe(typed)
    expect(localMinute(endOf(typed))).toBe(typed)
  }
  expect(localMinute(undefined)).toBe('')
})

it('lets the last minute of a span belong to it', () => {
  expect(endOf('2026-11-23T10:05Z')).toBe('2026-11-23T10:05:59.999Z')
  expect(endOf('')).toBeUndefined()
})

it.each([
  ['ok', 'ok'],
  ['challenge-web', 'asked'],
  ['challenge-code', 'asked'],
  ['factor-required', 'asked'],
  ['challenge-expired', 'refused'],
  ['something-new', 'refused'],
] as const)('tells the outcome %s as %s', (outcome, result) => {
  expect(resultOf(outcome)).toBe(result)
})

it.each([
  ['user:8d0f', { kind: 'user', id: '8d0f' }],
  ['operator', { kind: 'operator', id: '' }],
  ['service:a:b', { kind: 'service', id: 'a:b' }],
])('splits %s', (text, reference) => {
  expect(referenceOf(text)).toEqual(reference)
})

it('knows a span that ends before it begins, and one of a single minute is none', () => {
  const from = timeOf('2026-11-23T10:05')
  expect(isReversed({ ...(from && { from }), to: endOf('2026-11-23T10:04') ?? '' })).toBe(true)
  expect(isReversed({ ...(from && { from }), to: endOf('2026-11-23T10:05') ?? '' })).toBe(false)
  expect(isReversed({ to: '2026-11-23T10:05:00.000Z' })).toBe(false)
})
