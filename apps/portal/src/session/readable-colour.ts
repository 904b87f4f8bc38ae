import { contrastOf, ENOUGH, textColourOn } from './contrast.ts'

/** The backgrounds that are hardest to read on: the darkest of the light theme, the lightest of the dark one. */
export const HARDEST = { light: '#eaf0f1', dark: '#232c32' } as const
const STEPS = 100
const OF_MIX = { light: '#000000', dark: '#ffffff' } as const

/** A colour for text and controls, and the colour of text on it. */
export interface ReadableColour {
  readonly colour: string
  readonly text: '#000000' | '#ffffff'
}

/**
 * Gives the colour nearest to `#rrggbb` that can be read in a theme: darkened for the light one, lightened for the dark one,
 * as far as WCAG 2.2 (1.4.3) demands and no further.
 */
export function readableColour(wanted: string, theme: 'light' | 'dark'): ReadableColour {
  let colour = wanted
  for (let step = 1; contrastOf(colour, HARDEST[theme]) < ENOUGH && step <= STEPS; step++) {
    colour = mixOf(wanted, OF_MIX[theme], step / STEPS)
  }
  return { colour, text: textColourOn(colour) }
}

function mixOf(one: string, other: string, share: number): string {
  const channels = [1, 3, 5].map((start) => {
    const [from = 0, to = 0] = [one, other].map((colour) => Number.parseInt(colour.slice(start, start + 2), 16))
    return Math.round(from + (to - from) * share)
      .toString(16)
      .padStart(2, '0')
  })
  return `#${channels.join('')}`
}
