import fc from 'fast-check'
import { expect, it } from 'vitest'

import { dynamicChallengeText, parseChallengeResponse, textChallengeText } from './challenge.ts'
import { parseCredential } from './credentials.ts'

const encode = (text: string): string => Buffer.from(text).toString('base64')

it('makes no challenge whose state could not come back as it is', () => {
  for (const stateId of ['', 'a:b', 'a b', 'a,b', 'x'.repeat(65)]) {
    expect(dynamicChallengeText({ stateId, username: 'cr1', prompt: 'PIN', echo: true })).toBeUndefined()
  }
})

it('writes the known challenge and reads the known answer to it', () => {
  const stateId = 'Om01u7Fh4LrGBS7uh0SWmzwabUiGiW6l'
  const challenge = { stateId, username: 'cr1', prompt: 'Please enter token PIN', echo: true }
  expect(dynamicChallengeText(challenge)).toBe(`CRV1:R,E:${stateId}:Y3Ix:Please enter token PIN`)
  expect(dynamicChallengeText({ ...challenge, echo: false })).toMatch(/^CRV1:R:/)
  expect(parseCredential(`CRV1::${stateId}::challenge_response`)).toEqual({
    kind: 'challenge-response',
    state: stateId,
    response: 'challenge_response',
  })
})

it('writes questions for a text', () => {
  expect(textChallengeText('Code: please', true)).toBe('CR_TEXT:R,E:Code: please')
  expect(textChallengeText('Code', false)).toBe('CR_TEXT:R:Code')
})

it('reads an answer only in its one base64 form, as printable text of a bounded length', () => {
  const bad = ['', 'CR_RESPONSE', 'CR_RESPONSE;MQ==', 'CR_RESPONSE,MQ', 'CR_RESPONSE,M Q==', 'cr_response,MQ==']
  for (const message of [...bad, `CR_RESPONSE,${encode('a\0b')}`, `CR_RESPONSE,${encode('x'.repeat(259))}`]) {
    expect(parseChallengeResponse(message)).toBeUndefined()
  }
  expect(parseChallengeResponse('CR_RESPONSE,/w==')).toBeUndefined()
  expect(parseChallengeResponse('CR_RESPONSE,MTIzNDU2')).toBe('123456')
  expect(parseChallengeResponse('CR_RESPONSE,')).toBe('')
})

it('never throws on any text', () => {
  fc.assert(
    fc.property(fc.constantFrom('', 'CR_RESPONSE,', 'CRV1::', 'CRV1::s::'), fc.string({ unit: 'binary' }), (a, b) => {
      parseChallengeResponse(a + b)
      parseCredential(a + b)
    }),
  )
})
