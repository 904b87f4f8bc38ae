import { expect, it } from 'vitest'

import { type Permission, permissionsOf } from '../http/permissions.ts'
import { planImport } from './import-plan.ts'
import type { ImportRow } from './import-rows.ts'

const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern)
const ADMINISTRATOR = { permissions: permissionsOf('administrator') }
const ENGINEERING = '0b6f6a3e-9a5c-4f6d-8a51-7a0c1d2e3f40'

const row = (changes: Partial<ImportRow>): ImportRow => ({
  line: 2,
  username: 'ada',
  email: null,
  displayName: null,
  role: 'user',
  groupNames: [],
  ...changes,
})
const plan = (rows: ImportRow[], actor: { permissions: typeof ADMINISTRATOR.permissions } = ADMINISTRATOR) =>
  planImport(rows, {
    actor,
    isPlatform: false,
    takenUsernames: new Set(['grace']),
    groups: new Map([['Engineering', ENGINEERING]]),
  })

it('gives users with the ids of their groups', () => {
  const { users, problems } = plan([row({ groupNames: ['Engineering'] })])
  expect(problems).toEqual([])
  expect(users).toEqual([expect.objectContaining({ username: 'ada', groupIds: [ENGINEERING] })])
})

it('puts nobody into a group for who may change users only', () => {
  const { users, problems } = plan([row({}), row({ line: 3, username: 'bob', groupNames: ['Engineering'] })], {
    permissions: new Set<Permission>(['users.write']),
  })
  expect(users).toHaveLength(1)
  expect(problems).toEqual([{ line: 3, code: 'groups-not-allowed', problem: matching(/groups\.write/) }])
})

it('tells the line of a name that is taken, of a group that is not there, and of a role that is too much', () => {
  const rows = [
    row({ line: 2, username: 'grace' }),
    row({ line: 3, groupNames: ['Engineering', 'engineering'] }),
    row({ line: 4, role: 'operator' }),
  ]
  expect(plan(rows)).toEqual({
    users: [],
    problems: [
      {
        line: 2,
        code: 'username-taken',
        parameters: { username: 'grace' },
        problem: 'There is a user "grace" already.',
      },
      {
        line: 3,
        code: 'unknown-group',
        parameters: { group: 'engineering' },
        problem: 'There is no group "engineering".',
      },
      { line: 4, code: 'role-not-allowed', parameters: { role: 'operator' }, problem: matching(/"operator"/) },
    ],
  })
})

it('lets a token that may only manage users make plain users, and no administrators', () => {
  const token = { permissions: new Set<Permission>(['users.write']) }
  expect(plan([row({})], token).users).toHaveLength(1)
  expect(plan([row({ role: 'administrator' })], token).problems).toHaveLength(1)
})
