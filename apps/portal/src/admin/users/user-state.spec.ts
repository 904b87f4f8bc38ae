import { expect, it } from 'vitest'

import { rolesToGive, stateOf } from './user-state.ts'

const USER = { disabled: false, lockedUntil: null, hasPassword: true, mustChangePassword: false }

it.each([
  [{}, 'enabled'],
  [{ mustChangePassword: true }, 'password-change'],
  [{ hasPassword: false }, 'invited'],
  [{ lockedUntil: '2026-01-15T12:00:00.000Z', mustChangePassword: true }, 'locked'],
  [{ disabled: true, lockedUntil: '2026-01-15T12:00:00.000Z', hasPassword: false }, 'disabled'],
] as const)('names of %o what keeps a user out first', (user, state) => {
  expect(stateOf({ ...USER, ...user })).toBe(state)
})

it('offers operators where they work, and administrators everywhere else', () => {
  expect(rolesToGive('operator')).toEqual(['user', 'auditor', 'operator'])
  expect(rolesToGive('administrator')).toEqual(['user', 'auditor', 'administrator'])
})
