import { concatBytes } from '@sallyport/foundation'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { parseResendWkc, serialiseResendWkc } from './early-negotiation.ts'

it('refuses fields that are cut off', () => {
  for (const bytes of [[0], [0, 1, 0], [0, 1, 0, 2, 0]]) expect(parseResendWkc(Uint8Array.from(bytes))).toBeUndefined()
})

it('skips unknown fields', () => {
  const unknown = Uint8Array.of(0, 9, 0, 1, 0xff)
  expect(parseResendWkc(concatBytes([unknown, serialiseResendWkc()]))).toBe(true)
  expect(parseResendWkc(unknown)).toBe(false)
})

it('builds the six bytes that OpenVPN knows', () => {
  expect(serialiseResendWkc()).toEqual(Uint8Array.of(0, 1, 0, 2, 0, 1))
})

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      parseResendWkc(bytes)
    }),
  )
})
