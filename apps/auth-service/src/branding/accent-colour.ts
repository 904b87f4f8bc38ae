import { z } from 'zod'

/** Of sRGB: below it, a channel is linear (WCAG 2.2, relative luminance). */
const LINEAR_BELOW = 0.04045
const FLARE = 0.05

/** A colour as `#rrggbb`, in lower case. */
export const accentColour = z
  .string()
  .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour as #rrggbb')
  .toLowerCase()
  .meta({ examples: ['#1f6f8b'] })

/**
 * Gives the text colour that is seen best on a colour. One of the two always has a contrast of 4.5:1, which WCAG 2.2
 * (1.4.3) demands of text: the worst background there is leaves 4.58:1.
 */
export function textColourOn(colour: string): '#000000' | '#ffffff' {
  return contrastOf(colour, '#ffffff') >= contrastOf(colour, '#000000') ? '#ffffff' : '#000000'
}

/** Gives the contrast of two colours by WCAG 2.2, from 1 to 21. */
export function contrastOf(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].toSorted((a, b) => a - b)
  return (light + FLARE) / (dark + FLARE)
}

function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255
    return channel <= LINEAR_BELOW ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
