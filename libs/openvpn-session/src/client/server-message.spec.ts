import { describe, expect, it } from 'vitest'

import { readServerMessage } from './server-message.ts'

const outcome = (text: string, readsFlags = true): unknown => {
  const message = readServerMessage(text, readsFlags)
  return message.type === 'end' ? message.outcome : message
}
const REFUSED = { reason: 'refused', sessionExpired: false, temporary: undefined, challenge: undefined }

describe('AUTH_FAILED', () => {
  it.each([
    ['AUTH_FAILED', { ...REFUSED, message: '' }],
    ['AUTH_FAILED,wrong, really', { ...REFUSED, message: 'wrong, really' }],
    ['AUTH_FAILED,SESSION: token expired', { ...REFUSED, message: 'SESSION: token expired', sessionExpired: true }],
  ])('%s', (text, expected) => {
    expect(outcome(text)).toEqual(expected)
  })

  it.each([
    ['TEMP', undefined, 'addr', ''],
    ['TEMP:later', undefined, 'addr', 'later'],
    ['TEMP[backoff 42,advance no]', 42, 'no', ''],
    ['TEMP[advance remote,backoff 77]:go round and round', 77, 'remote', 'go round and round'],
    ['TEMP:There are no flags here [really not]', undefined, 'addr', 'There are no flags here [really not]'],
    ['TEMP[backoff x,advance nowhere]:t', undefined, 'addr', 't'],
  ])('temporary: %s', (text, backoffSeconds, advance, message) => {
    expect(outcome(`AUTH_FAILED,${text}`)).toEqual({ ...REFUSED, message, temporary: { backoffSeconds, advance } })
  })

  it('carries a challenge', () => {
    expect(outcome('AUTH_FAILED,CRV1:R,E:Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l:Y3Ix:Please enter token PIN')).toEqual({
      ...REFUSED,
      message: 'Please enter token PIN',
      challenge: {
        stateId: 'Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l',
        username: 'cr1',
        prompt: 'Please enter token PIN',
        echo: true,
        responseRequired: true,
      },
    })
  })

  it('is a plain refusal when the challenge in it is malformed', () => {
    expect(outcome('AUTH_FAILED,CRV1:R,E:state')).toMatchObject({ challenge: undefined, message: 'CRV1:R,E:state' })
  })
})

describe('RESTART', () => {
  it.each([
    ['RESTART', true, false, false, ''],
    ['RESTART,why', true, false, false, 'why'],
    ['RESTART,[P]why', true, true, false, 'why'],
    ['RESTART,[PN]:why', true, true, true, 'why'],
    ['RESTART,[P]:why', false, true, false, 'why'],
    ['RESTART,[P]why', false, false, false, '[P]why'],
    ['RESTART,[PN]:why', false, false, false, '[PN]:why'],
  ])('%s, to a client that reads flags: %s', (text, readsFlags, preserve, nextRemote, message) => {
    expect(outcome(text, readsFlags)).toEqual({ reason: 'restart', preserve, nextRemote, message })
  })
})

it.each([
  ['AUTH_PENDING', { type: 'pending', timeoutSeconds: undefined }],
  ['AUTH_PENDING,timeout 90', { type: 'pending', timeoutSeconds: 90 }],
  [
    'INFO_PRE,CR_TEXT:R,E:Your code?',
    { type: 'dialogue', dialogue: { kind: 'text', prompt: 'Your code?', echo: true } },
  ],
  ['INFO_PRE,WEB_AUTH::https://a/b:c', { type: 'dialogue', dialogue: { kind: 'web', url: 'https://a/b:c' } }],
  ['INFO_PRE,OPEN_URL:https://a/b', { type: 'dialogue', dialogue: { kind: 'web', url: 'https://a/b' } }],
  ['INFO_PRE,something else', { type: 'info', message: 'something else' }],
  ['INFO,hello', { type: 'info', message: 'hello' }],
  ['EXIT', { type: 'exit' }],
  ['PUSH_UPDATE,route 10.0.0.0 255.0.0.0,-dns', { type: 'push-update', options: ['route 10.0.0.0 255.0.0.0', '-dns'] }],
  ['PUSH_UPDATE', { type: 'unknown' }],
  ['PUSH_UPDATE ,x', { type: 'unknown' }],
  ['PUSH_UPDATEerr', { type: 'unknown' }],
  ['HALT,over', { reason: 'halt', message: 'over' }],
  ['NONSENSE', { type: 'unknown' }],
])('reads %s', (text, expected) => {
  expect(outcome(text)).toEqual(expected)
})
