import { expect, it } from 'vitest'

import { base64Of, LOGO_BYTES, logoProblemOf } from './logo-file.ts'

/** The smallest PNG: one pixel. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

function changed(place: number, byte: number): Uint8Array {
  const file = Uint8Array.from(PIXEL)
  file[place] = byte
  return file
}

it('takes a small PNG, wherever it lies in memory, and writes it as the service reads it', () => {
  const inside = new Uint8Array([...[1, 2, 3], ...PIXEL]).subarray(3)
  expect(logoProblemOf(inside)).toBeUndefined()
  expect(base64Of(inside)).toBe(PIXEL.toString('base64'))
})

it('names what is wrong with another file', () => {
  expect(logoProblemOf(new Uint8Array())).toBe('no-png')
  expect(logoProblemOf(changed(1, 0x51))).toBe('no-png')
  expect(logoProblemOf(changed(18, 5))).toBe('too-many-pixels')
  expect(logoProblemOf(changed(22, 5))).toBe('too-many-pixels')
  expect(logoProblemOf(new Uint8Array(LOGO_BYTES + 1))).toBe('too-large')
})
