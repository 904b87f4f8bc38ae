import { readVectors } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { MAX_PASSWORD_LENGTH, parseCredential } from './credentials.ts'

describe('CVE-2026-13122 class: a session token of any length', () => {
  it('takes lengths from one character after the prefix up to 127, no other', () => {
    for (let length = 0; length <= 300; length++) {
      const { kind } = parseCredential(`SESS_ID_AT_${'A'.repeat(length)}`)
      expect(kind).toBe(length >= 1 && length <= 116 ? 'session-token' : 'malformed')
    }
  })
})

it('looks at nothing that is longer than any password field', () => {
  expect(parseCredential('x'.repeat(MAX_PASSWORD_LENGTH + 1))).toEqual({ kind: 'malformed' })
})

it('never throws on any text', () => {
  fc.assert(
    fc.property(fc.constantFrom('', 'SCRV1:', 'SESS_ID_AT_'), fc.string({ unit: 'binary' }), (head, tail) => {
      parseCredential(head + tail)
    }),
  )
})

it('decodes every static-challenge answer', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (password, response) => {
      const encode = (text: string): string => Buffer.from(text).toString('base64')
      expect(parseCredential(`SCRV1:${encode(password)}:${encode(response)}`)).toEqual({
        kind: 'password',
        password,
        response,
      })
    }),
  )
})

describe('vectors', () => {
  it.each([...readVectors('credentials')])('recognises: %s', (_, vector) => {
    const parsed = parseCredential(vector.text('field'))
    expect(parsed.kind).toBe(vector.text('kind'))
    if (parsed.kind === 'session-token') expect(parsed.token).toBe(vector.text('field'))
    if (parsed.kind === 'challenge-response') {
      expect(parsed).toMatchObject({ state: vector.text('state'), response: vector.text('response') })
    }
    if (parsed.kind !== 'password') return
    expect(parsed.password).toBe(vector.text('password'))
    expect(parsed.response).toBe(vector.has('response') ? vector.text('response') : undefined)
  })
})
