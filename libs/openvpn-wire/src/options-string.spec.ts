import { readVectors } from '@sallyport/testkit'
import { describe, expect, it } from 'vitest'

import { mirrorOptionsString, optionsStringCipher } from './options-string.ts'

it('names no cipher when the string has none', () => {
  expect(optionsStringCipher('V4,auth SHA1,keysize 128,tls-client')).toBeUndefined()
  expect(optionsStringCipher('')).toBeUndefined()
})

describe('strings of real clients', () => {
  it.each([...readVectors('options-strings')])('mirrors: %s', (_, vector) => {
    expect(mirrorOptionsString(vector.text('client'))).toBe(vector.text('server'))
    if (vector.has('cipher')) expect(optionsStringCipher(vector.text('client'))).toBe(vector.text('cipher'))
  })
})
