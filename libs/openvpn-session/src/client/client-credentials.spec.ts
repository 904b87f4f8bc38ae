import { expect, it } from 'vitest'

import { ClientCredentials } from './client-credentials.ts'
import { readServerMessage } from './server-message.ts'

const SECRETS = { username: 'ada', password: 'cpassword' }
const KEEPS = { forgetsTokenOnRestart: false }
const FORGETS = { forgetsTokenOnRestart: true }

function hear(credentials: ClientCredentials, text: string): void {
  const message = readServerMessage(text, false)
  if (message.type !== 'end') throw new RangeError(`${text} ends nothing`)
  credentials.noteOutcome(message.outcome)
}

it('answers a question that was asked beforehand together with the password', () => {
  const credentials = new ClientCredentials({ ...SECRETS, staticResponse: 'challenge_response' }, KEEPS)
  expect(credentials.passwordField).toBe('SCRV1:Y3Bhc3N3b3Jk:Y2hhbGxlbmdlX3Jlc3BvbnNl')
})

it('uses the session token, and the name that came with it, instead of the password', () => {
  const credentials = new ClientCredentials(SECRETS, KEEPS)
  expect([credentials.username, credentials.passwordField]).toEqual(['ada', 'cpassword'])
  credentials.noteToken('SESS_ID_AT_x', 'ada@example')
  expect([credentials.username, credentials.passwordField]).toEqual(['ada@example', 'SESS_ID_AT_x'])
  credentials.noteToken('SESS_ID_AT_y', undefined)
  expect([credentials.username, credentials.passwordField]).toEqual(['ada@example', 'SESS_ID_AT_y'])
})

it('answers a challenge once, and forgets it with the token that follows or another refusal', () => {
  const credentials = new ClientCredentials(SECRETS, KEEPS)
  const challenge = 'AUTH_FAILED,CRV1:R,E:state:Y3Ix:PIN'
  hear(credentials, challenge)
  expect(credentials.passwordField).toBe('cpassword')
  credentials.answerChallenge('challenge_response')
  expect([credentials.username, credentials.passwordField]).toEqual(['cr1', 'CRV1::state::challenge_response'])
  hear(credentials, 'AUTH_FAILED,wrong')
  expect([credentials.username, credentials.passwordField]).toEqual(['ada', 'cpassword'])
  hear(credentials, challenge)
  credentials.answerChallenge('1')
  credentials.noteToken('SESS_ID_AT_x', undefined)
  expect(credentials.passwordField).toBe('SESS_ID_AT_x')
})

it('has no answer without a challenge', () => {
  const credentials = new ClientCredentials(SECRETS, KEEPS)
  credentials.answerChallenge('unasked')
  expect([credentials.username, credentials.passwordField]).toEqual(['ada', 'cpassword'])
})

it.each([
  ['AUTH_FAILED,SESSION: over', KEEPS, undefined],
  ['AUTH_FAILED,TEMP[backoff 5]:later', KEEPS, 'SESS_ID_AT_x'],
  ['RESTART,maintenance', KEEPS, 'SESS_ID_AT_x'],
  ['RESTART,maintenance', FORGETS, undefined],
  ['RESTART,[P]:maintenance', FORGETS, 'SESS_ID_AT_x'],
  ['HALT,over', FORGETS, 'SESS_ID_AT_x'],
])('%s, %o: the token is then %s', (text, behaviour, expected) => {
  const credentials = new ClientCredentials(SECRETS, behaviour)
  credentials.noteToken('SESS_ID_AT_x', undefined)
  hear(credentials, text)
  expect(credentials.token).toBe(expected)
})
