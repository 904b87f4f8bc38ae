import { expect, it } from 'vitest'

import { parametersOf } from './problem-parameters.ts'

it('gives times as dates, so that each language writes them its own way', () => {
  const parameters = { renewableFrom: '2026-12-01T00:00:00.000Z', limit: 5, name: '2026' }
  expect(parametersOf({ parameters, retryAfterSeconds: undefined })).toEqual({
    renewableFrom: new Date('2026-12-01T00:00:00.000Z'),
    limit: 5,
    name: '2026',
    waitMinutes: 0,
  })
})

it.each([
  [1, 1],
  [60, 1],
  [61, 2],
  [900, 15],
])('says %i seconds as %i minutes of waiting, never too few', (retryAfterSeconds, waitMinutes) => {
  expect(parametersOf({ parameters: {}, retryAfterSeconds })).toEqual({ waitMinutes })
})
