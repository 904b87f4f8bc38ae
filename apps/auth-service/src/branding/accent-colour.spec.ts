import { expect, it } from 'vitest'

import { accentColour, contrastOf, textColourOn } from './accent-colour.ts'

it('computes contrast as WCAG does', () => {
  expect(contrastOf('#000000', '#ffffff')).toBeCloseTo(21, 5)
  expect(contrastOf('#ffffff', '#767676')).toBeCloseTo(4.54, 2)
  expect(contrastOf('#1f6f8b', '#1f6f8b')).toBe(1)
})

it('writes in white on dark colours and in black on light ones', () => {
  expect([textColourOn('#003366'), textColourOn('#ffe08a'), textColourOn('#808080')]).toEqual([
    '#ffffff',
    '#000000',
    '#000000',
  ])
})

it('leaves text readable on every colour that can be chosen', () => {
  const steps = Array.from({ length: 18 }, (_, index) => (index * 15).toString(16).padStart(2, '0'))
  for (const red of steps)
    for (const green of steps)
      for (const blue of steps) {
        const colour = `#${red}${green}${blue}`
        if (contrastOf(colour, textColourOn(colour)) < 4.5) expect.fail(colour)
      }
})

it('takes a colour in one way only, and writes it in lower case', () => {
  expect(accentColour.parse('#1F6F8B')).toBe('#1f6f8b')
  for (const bad of ['1f6f8b', '#fff', '#1f6f8b80', 'red', '#12345g', '#1f6f8b;x', '#1f6f8b\n'])
    expect(accentColour.safeParse(bad).success, bad).toBe(false)
})
