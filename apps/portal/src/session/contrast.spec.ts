import { expect, it } from 'vitest'

import { contrastOf, isColour, textColourOn } from './contrast.ts'

it.each([
  ['#ffffff', '#000000', 21],
  ['#777777', '#ffffff', 4.4],
  ['#767676', '#ffffff', 4.5],
  ['#ffff00', '#ffffff', 1],
] as const)('gives for %s and %s the contrast %d', (one, other, contrast) => {
  expect(contrastOf(one, other)).toBe(contrast)
  expect(contrastOf(other, one)).toBe(contrast)
})

it('writes on any colour with the one that can be read', () => {
  expect(textColourOn('#0b5c6b')).toBe('#ffffff')
  expect(textColourOn('#ffd400')).toBe('#000000')
})

it('knows a colour from what is none', () => {
  expect(['#0B5c6b', '#fff', '0b5c6b', '#0b5c6g', '#0b5c6b;'].map(isColour)).toEqual([true, false, false, false, false])
})
