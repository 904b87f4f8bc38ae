import { readVectors } from '@sallyport/testkit'
import { describe, expect, it } from 'vitest'

import { expectsCompression, mirrorOptionsString, optionsStringCipher } from './options-string.ts'

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

it('says whether a profile has compression', () => {
  expect(expectsCompression('V4,dev-type tun,link-mtu 1542,tun-mtu 1500,proto UDPv4,comp-lzo,auth SHA1')).toBe(true)
  expect(expectsCompression('V4,dev-type tun,auth SHA1,x comp-lzo')).toBe(false)
})
