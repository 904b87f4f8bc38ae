import fc from 'fast-check'
import { expect, it } from 'vitest'

import { ByteReader, ByteWriter, concatBytes, equalBytes } from './bytes.ts'

it('refuses to write a number that does not fit its field', () => {
  for (const value of [-1, 256, 1.5, Number.NaN]) expect(() => new ByteWriter().u8(value)).toThrow(RangeError)
  expect(() => new ByteWriter().u32(2 ** 32)).toThrow(RangeError)
})

it('stays overrun after one read beyond the end, although later reads would fit', () => {
  const reader = new ByteReader(Uint8Array.of(1, 2, 3))
  expect(reader.u32()).toBe(0)
  expect(reader.u8()).toBe(1)
  expect(reader.overrun).toBe(true)
})

it('gives empty bytes beyond the end and moves nowhere', () => {
  const reader = new ByteReader(Uint8Array.of(1))
  expect(reader.take(2)).toHaveLength(0)
  expect([reader.offset, reader.remaining]).toEqual([0, 1])
})

it('reads back what was written', () => {
  fc.assert(
    fc.property(
      fc.nat(0xff),
      fc.nat(0xffff),
      fc.nat(0xffffff),
      fc.integer({ min: 0, max: 0xffffffff }),
      fc.uint8Array(),
      (a, b, c, d, tail) => {
        const reader = new ByteReader(new ByteWriter().u8(a).u16(b).u24(c).u32(d).append(tail).finish())
        expect([reader.u8(), reader.u16(), reader.u24(), reader.u32()]).toEqual([a, b, c, d])
        expect(equalBytes(reader.rest(), tail)).toBe(true)
        expect(reader.overrun).toBe(false)
      },
    ),
  )
})

it('joins parts in order', () => {
  expect(concatBytes([Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3)])).toEqual(Uint8Array.of(1, 2, 3))
})

it('compares bytes by content and length', () => {
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true)
  expect(equalBytes(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false)
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 2))).toBe(false)
})
