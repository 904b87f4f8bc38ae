import { randomInt } from 'node:crypto'

/** Without 0 and o, 1, i and l, which are mixed up when read aloud or copied by hand. */
const ALPHABET = '23456789abcdefghjkmnpqrstuvwxyz'
const GROUPS = 4
const GROUP_CHARACTERS = 5

/** Makes a random password of 99 bits for a first sign-in, for example `k7m2q-9xwpe-r4tzh-3vdna`. */
export function generateOneTimePassword(): string {
  const group = () =>
    Array.from({ length: GROUP_CHARACTERS }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
  return Array.from({ length: GROUPS }, group).join('-')
}
