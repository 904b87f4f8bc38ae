import { expect, it } from 'vitest'

import { challengeOf } from './client-challenge.ts'

it('reads a dynamic challenge, whose text may contain colons', () => {
  const line = ">PASSWORD:Verification Failed: 'Auth' ['CRV1:R,E:state-1:YWxpY2U=:Code: six digits']"
  expect(challengeOf(line)).toEqual({
    kind: 'dynamic',
    stateId: 'state-1',
    username: 'alice',
    prompt: 'Code: six digits',
  })
})

it('reads a text challenge', () => {
  expect(challengeOf('>INFOMSG:CR_TEXT:R,E:Your code')).toEqual({ kind: 'text', prompt: 'Your code' })
})

it.each([
  ">PASSWORD:Verification Failed: 'Auth' ['wrong password']",
  ">PASSWORD:Need 'Auth' username/password",
  '>INFOMSG:WEB_AUTH::https://vpn.example/connect/1',
  '>LOG:1,,AUTH_FAILED,CRV1:R,E:state-1:YWxpY2U=:Code',
])('reads no challenge from %s', (line) => {
  expect(challengeOf(line)).toBeUndefined()
})
