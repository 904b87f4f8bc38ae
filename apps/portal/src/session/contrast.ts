/** Of sRGB: below it, a channel is linear (WCAG 2.2, relative luminance). */
const LINEAR_BELOW = 0.04045
const FLARE = 0.05

/** What text needs (WCAG 2.2, 1.4.3). */
export const ENOUGH = 4.5

/** Says whether a text is a colour as `#rrggbb`. */
export function isColour(text: string): boolean {
  return /^#[0-9a-f]{6}$/i.test(text)
}

/** Gives the contrast of two colours by WCAG 2.2, from 1 to 21, rounded down to one decimal. */
export function contrastOf(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminanceOf(one), luminanceOf(other)].toSorted((a, b) => a - b)
  return Math.floor(((light + FLARE) / (dark + FLARE)) * 10) / 10
}

/** Gives the text colour that is seen better on a colour. */
export function textColourOn(colour: string): '#000000' | '#ffffff' {
  return contrastOf(colour, '#ffffff') >= contrastOf(colour, '#000000') ? '#ffffff' : '#000000'
}

function luminanceOf(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((start) => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255
    return channel <= LINEAR_BELOW ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
