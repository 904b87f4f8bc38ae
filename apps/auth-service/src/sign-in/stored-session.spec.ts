import { expect, it } from 'vitest'

import { parseSession } from './stored-session.ts'

it.each(['', '{', 'null', '[]', '{"cookie":{},"signedIn":{"userId":"alice"}}'])('takes %j for no session', (text) => {
  expect(parseSession(text)).toBeNull()
})

it('knows a session again that has come from the store', () => {
  expect(parseSession('{"cookie":{"path":"/api"}}')).toEqual({ cookie: { path: '/api' }, restored: true })
})
