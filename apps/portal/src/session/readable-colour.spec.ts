import { expect, it } from 'vitest'

import { contrastOf, ENOUGH } from './contrast.ts'
import { readableColour } from './readable-colour.ts'

const LEVELS = ['00', '40', '80', 'c0', 'ff']
const COLOURS = LEVELS.flatMap((red) => LEVELS.flatMap((green) => LEVELS.map((blue) => `#${red}${green}${blue}`)))
/** The surfaces of the design, hovered ones too. */
const SURFACES = {
  light: ['#ffffff', '#f5f7f8', '#eef2f3', '#eaf0f1'],
  dark: ['#0f1417', '#171d21', '#1e262b', '#11171a', '#232c32'],
} as const

it.each(['light', 'dark'] as const)('makes every colour readable on every surface of the %s theme', (theme) => {
  for (const wanted of COLOURS) {
    const { colour, text } = readableColour(wanted, theme)
    for (const surface of SURFACES[theme]) expect(contrastOf(colour, surface), wanted).toBeGreaterThanOrEqual(ENOUGH)
    expect(contrastOf(colour, text), wanted).toBeGreaterThanOrEqual(ENOUGH)
  }
})

it('leaves a colour alone that can be read as it is', () => {
  expect(readableColour('#0b5c6b', 'light')).toEqual({ colour: '#0b5c6b', text: '#ffffff' })
  expect(readableColour('#5fd0c0', 'dark')).toEqual({ colour: '#5fd0c0', text: '#000000' })
})

it('changes a colour no further than it must, and keeps its hue', () => {
  const yellow = readableColour('#ffff00', 'light')
  expect(yellow.colour).toMatch(/^#([0-9a-f]{2})\1(?:00)$/)
  expect(contrastOf(yellow.colour, '#eaf0f1')).toBeLessThan(4.7)
  const blue = readableColour('#0000ff', 'dark')
  expect(blue.colour).toMatch(/^#([0-9a-f]{2})\1(?:ff)$/)
  expect(contrastOf(blue.colour, '#232c32')).toBeLessThan(4.7)
})
