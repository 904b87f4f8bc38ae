/** Control characters, line ends, halves of a pair, and what turns the direction of the text after it (UAX #9). */
const UNSEEN = String.raw`\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069`

/** One line of any characters that a reader can trust: what they see is all there is, in the order that they see. */
export const ONE_LINE = new RegExp(`^[^${UNSEEN}]*$`, 'u')
