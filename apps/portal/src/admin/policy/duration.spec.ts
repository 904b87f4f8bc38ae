import { expect, it } from 'vitest'

import { exactDuration, roughDuration } from './duration.ts'

it.each([
  [0, 0, 'second'],
  [59, 59, 'second'],
  [60, 1, 'minute'],
  [90, 90, 'second'],
  [5400, 90, 'minute'],
  [43_200, 12, 'hour'],
  [86_400, 1, 'day'],
  [90_000, 25, 'hour'],
] as const)('writes a limit of %d seconds exactly', (seconds, value, unit) => {
  expect(exactDuration(seconds)).toEqual({ value, unit })
})

it.each([
  [0, 0, 'second'],
  [119, 1, 'minute'],
  [90_000, 1, 'day'],
] as const)('writes an age of %d seconds as people say it', (seconds, value, unit) => {
  expect(roughDuration(seconds)).toEqual({ value, unit })
})
