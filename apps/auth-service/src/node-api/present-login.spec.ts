import { expect, it } from 'vitest'

import { presentLogin } from './present-login.ts'

const TOKEN = { sessionId: 'AAAAAAAAAAAAAAAA', initialMs: 1_768_478_400_000 }
const HOUR_MS = 3_600_000
const extended = (extendedLoginId: string, ms: number): Parameters<typeof presentLogin>[0] => ({
  extendedLoginId,
  extendedLoginAt: new Date(TOKEN.initialMs + ms),
})

it('lets a token from before an extension belong to the login that began anew', () => {
  expect(presentLogin(extended(TOKEN.sessionId, HOUR_MS), TOKEN)).toEqual({
    ...TOKEN,
    initialMs: TOKEN.initialMs + HOUR_MS,
  })
})

it('leaves a token alone whose login was not extended, or which knows better', () => {
  expect(presentLogin({ extendedLoginId: null, extendedLoginAt: null }, TOKEN)).toEqual(TOKEN)
  expect(presentLogin(extended('BBBBBBBBBBBBBBBB', HOUR_MS), TOKEN)).toEqual(TOKEN)
  expect(presentLogin(extended(TOKEN.sessionId, -HOUR_MS), TOKEN)).toEqual(TOKEN)
})
