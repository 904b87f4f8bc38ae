import { expect, it } from 'vitest'

import { readUsersSearch, usersQueryOf } from './users-search.ts'

it('reads from an address only what the list understands', () => {
  expect(readUsersSearch({ search: 42, state: 'locked', role: 'auditor', groupId: 'g', x: 1 })).toEqual({
    search: '42',
    state: 'locked',
    role: 'auditor',
    groupId: 'g',
  })
  expect(readUsersSearch({ search: '', state: 'x', role: ['user'], groupId: {} })).toEqual({})
})

it('asks the service for users without a second factor who could come in', () => {
  expect(usersQueryOf({ search: 'ada', state: 'no-factor' })).toEqual({
    search: 'ada',
    state: 'enabled',
    factor: 'none',
  })
  expect(usersQueryOf({ state: 'disabled', role: 'user' })).toEqual({ state: 'disabled', role: 'user' })
  expect(usersQueryOf({})).toEqual({})
})
