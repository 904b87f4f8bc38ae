import { expect, it } from 'vitest'

import { userChangeOf } from './user-change.ts'

const BEFORE = { displayName: 'Ada', email: 'ada@example.com', role: 'user', groupIds: ['a', 'b'] } as const

it('changes nothing that was only looked at, whatever the order of groups', () => {
  expect(userChangeOf(BEFORE, { ...BEFORE, displayName: ' Ada ', groupIds: ['b', 'a'] }, true)).toEqual({})
})

it('takes away what was emptied, and gives what was written', () => {
  const after = { displayName: '  ', email: 'ada@example.org', role: 'auditor', groupIds: ['b'] } as const
  expect(userChangeOf(BEFORE, after, true)).toEqual({
    displayName: null,
    email: 'ada@example.org',
    role: 'auditor',
    groupIds: ['b'],
  })
})

it('says nothing about groups for who may not', () => {
  expect(userChangeOf(BEFORE, { ...BEFORE, groupIds: [] }, false)).toEqual({})
})
