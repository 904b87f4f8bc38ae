import fc from 'fast-check'
import { expect, it } from 'vitest'

import { parseDataHeader, serialiseDataHeader } from './data-packet.ts'
import { nextKeyId, toKeyId } from './opcode.ts'

it('refuses control packets and heads cut short', () => {
  expect(parseDataHeader(new Uint8Array(0))).toBeUndefined()
  expect(parseDataHeader(Uint8Array.of(0x20, 0, 0, 5))).toBeUndefined()
  expect(parseDataHeader(Uint8Array.of(0x48, 0, 0))).toBeUndefined()
})

it('reads back the heads that it builds, in both forms', () => {
  const keyIds = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7)
  fc.assert(
    fc.property(keyIds, fc.option(fc.nat(0xffffff), { nil: undefined }), (value, peerId) => {
      const keyId = toKeyId(value) ?? 0
      expect(parseDataHeader(serialiseDataHeader({ keyId, peerId }))).toEqual({ keyId, peerId })
    }),
  )
  expect(serialiseDataHeader({ keyId: 1, peerId: 5 })).toEqual(Uint8Array.of(0x49, 0, 0, 5))
})

it('counts key ids from 7 on to 1, never to 0', () => {
  expect(nextKeyId(0)).toBe(1)
  expect(nextKeyId(7)).toBe(1)
  expect(toKeyId(8)).toBeUndefined()
})
