import { expect, it } from 'vitest'

import { followUser, userChangeOf } from './user-change.ts'

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

it('sends only what was touched when somebody else saves while the form is open', () => {
  const form = { before: BEFORE, draft: { ...BEFORE, email: 'ada@example.org' } }
  const stored = { ...BEFORE, displayName: 'Ada L', role: 'auditor', groupIds: ['c'] } as const
  const followed = followUser(form, stored)
  expect(followed.draft).toEqual({ ...stored, email: 'ada@example.org' })
  expect(userChangeOf(followed.before, followed.draft, true)).toEqual({ email: 'ada@example.org' })
})

it('puts boxes that two people ticked together, and does not give back what was taken away', () => {
  const form = { before: BEFORE, draft: { ...BEFORE, groupIds: ['b', 'mine'] } }
  const followed = followUser(form, { ...BEFORE, groupIds: ['a', 'theirs'] })
  expect(userChangeOf(followed.before, followed.draft, true)).toEqual({ groupIds: ['theirs', 'mine'] })
})

it('leaves a form as it is when nothing was saved', () => {
  const form = { before: BEFORE, draft: { ...BEFORE, role: 'auditor' } } as const
  expect(followUser(form, { ...BEFORE, groupIds: ['b', 'a'] })).toBe(form)
})
