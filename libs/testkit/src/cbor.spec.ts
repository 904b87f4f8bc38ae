import { expect, it } from 'vitest'

import { type CborValue, encodeCbor } from './cbor.ts'

// RFC 8949, appendix A.
it.each<[CborValue, string]>([
  [0, '00'],
  [23, '17'],
  [24, '1818'],
  [1000, '1903e8'],
  [-1, '20'],
  [-100, '3863'],
  ['', '60'],
  ['IETF', '6449455446'],
  [Buffer.from('01020304', 'hex'), '4401020304'],
  [[1, [2, 3]], '8201820203'],
  [
    new Map<number, CborValue>([
      [1, 2],
      [3, 4],
    ]),
    'a201020304',
  ],
])('writes %j as the standard does', (value, hex) => {
  expect(encodeCbor(value).toString('hex')).toBe(hex)
})

it('refuses numbers that it cannot write', () => {
  expect(() => encodeCbor(0x10000)).toThrow(RangeError)
})
