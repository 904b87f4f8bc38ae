import { expect, it } from 'vitest'

import { ownName } from './own-name.ts'

it.each([
  'laptop',
  "Lea's laptop",
  'Leas „Rechner“, 2. Stock: <neu>',
  'Работа',
  '仕事用ノート',
  '💻',
  'Family 👨‍👩‍👧 tablet',
  '=1+1',
  'x'.repeat(64),
])('takes the name %j as it is', (name) => {
  expect(ownName.parse(name)).toBe(name)
})

it('takes away the space around a name', () => {
  expect(ownName.parse('  my phone ')).toBe('my phone')
})

it.each([
  '',
  '   ',
  'x'.repeat(65),
  'two\nlines',
  'two\rlines',
  'two\u2028lines',
  'two\u0085lines',
  'a\u0000b',
  'a\u001b[31mb',
  'a\u007fb',
  'turned \u202e round',
  'half \ud83d',
  '\u200d',
  '\u00ad',
])('refuses the name %j', (name) => {
  expect(ownName.safeParse(name).success).toBe(false)
})
