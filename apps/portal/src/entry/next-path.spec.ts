import { expect, it } from 'vitest'

import { readNext } from './next-path.ts'

it.each(['/', '/devices', '/admin/users?search=ada%20l', '/connect/abc#x', '/a//b'])('goes on to %s', (next) => {
  expect(readNext({ next })).toEqual({ next })
})

it.each([
  '//evil.example',
  '/\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  'devices',
  '',
  7,
  ['/devices'],
  undefined,
])('does not go on to %j', (next) => {
  expect(readNext({ next })).toEqual({})
})
