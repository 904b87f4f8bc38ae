import { expect, it } from 'vitest'

import { type Losable, lostBetween } from './leaving.ts'

const DRAFT: Losable = { loss: 'changes', isBySearch: true }
const SECRET: Losable = { loss: 'shownOnce', isBySearch: false }
const HELD = [DRAFT, SECRET]
const at = (pathname: string, search: object = {}) => ({ pathname, search })

it('loses everything on the way to another page', () => {
  expect(lostBetween(HELD, at('/admin/policy'), at('/admin'))).toEqual(HELD)
  expect(lostBetween([], at('/admin/policy'), at('/admin'))).toEqual([])
})

it('loses by another search only what belongs to it, and nothing where the address stays', () => {
  expect(lostBetween(HELD, at('/admin/policy'), at('/admin/policy', { group: 'g' }))).toEqual([DRAFT])
  expect(lostBetween(HELD, at('/admin/users', { search: 'a' }), at('/admin/users', { search: 'a' }))).toEqual([])
})
