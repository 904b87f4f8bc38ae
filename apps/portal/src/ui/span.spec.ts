import { expect, it } from 'vitest'

import { spanOf } from './span.ts'

it('says a length of time in the largest unit that it has one of', () => {
  const said = [-5, 59_999, 60_000, 14.5 * 60_000, 3_600_000, 47 * 3_600_000, 86_400_000 * 400].map((ms) => spanOf(ms))
  expect(said.map(({ unit, count }) => `${String(count)} ${unit}`)).toEqual([
    ...['0 seconds', '59 seconds', '1 minutes', '14 minutes', '1 hours', '1 days', '400 days'],
  ])
})
