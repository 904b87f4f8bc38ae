import { inspect } from 'node:util'

import { expect, it } from 'vitest'

import { Secret } from './secret.ts'

it('prints as [secret] wherever a value is usually printed', () => {
  const secret = new Secret('hunter2')
  expect([String(secret), JSON.stringify({ secret }), inspect({ secret }), secret.toString()].join()).not.toContain(
    'hunter2',
  )
  expect(inspect(secret)).toBe('[secret]')
})

it('gives the value only by reveal', () => {
  expect(new Secret('hunter2').reveal()).toBe('hunter2')
})
