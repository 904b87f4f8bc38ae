import { expect, it } from 'vitest'

import { idsIn } from './audit-names.ts'

const [A, B] = ['8d0f6d5e-4a52-4c59-9a3b-6d1f0c2b7e11', '8d0f6d5e-4a52-4c59-9a3b-6d1f0c2b7e12']

it('gathers everything that events name once', () => {
  const ids = idsIn([
    { actor: `user:${A}`, target: `device:${B}`, userId: B },
    { actor: `user:${A}`, target: `user:${A}`, userId: A },
    { actor: `device:${B}`, target: null, userId: null },
  ])
  expect(Object.fromEntries(ids)).toEqual({ user: [A, B], device: [B] })
})

it('asks for nothing when an event names nothing by id', () => {
  const events = [
    { actor: 'operator', target: 'service:node-1', userId: null },
    { actor: 'anonymous', target: `user:${A}'); --`, userId: null },
  ]
  expect(idsIn(events).size).toBe(0)
})
