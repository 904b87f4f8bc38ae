import type { RemoteAddress } from '../remote-address.ts'
import type { Mark } from './recent-marks.ts'

const IPV6_GROUPS = 8
/** Multipliers; hashes with different ones agree by chance only. */
const PLACE_PRIME = 0x01000193
const PRINT_PRIME = 0x85ebca77

/** Where the hashes of one table start: random numbers of 32 bits, so that nobody can tell what collides in it. */
export interface HashSeed {
  readonly place: number
  readonly print: number
}

/**
 * Hashes what counts as one source: an IPv4 address, or the /56 that an IPv6 subscriber is given. Not cryptographic: who
 * finds a collision makes one source wait for another.
 */
export function hashSource(seed: HashSeed, { address }: RemoteAddress): number {
  if (!address.includes(':')) return finish(hashText(PLACE_PRIME, seed.place, address))
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  let hash = seed.print
  for (let index = 0; index < 4; index++) {
    const group = Number.parseInt(left[index] ?? right[index - IPV6_GROUPS + right.length] ?? '0', 16)
    hash = step(PRINT_PRIME, hash, index < 3 ? group : group >> 8)
  }
  return finish(hash)
}

/** Hashes bytes, 32-bit numbers and a text into the place and the print of a mark. */
export function hashMark(seed: HashSeed, bytes: Uint8Array, numbers: readonly number[], text = ''): Mark {
  const hashAll = (prime: number, start: number): number => {
    let hash = hashText(prime, start, text)
    for (const byte of bytes) hash = step(prime, hash, byte)
    for (const number of numbers) hash = step(prime, hash, number)
    return finish(hash)
  }
  return { place: hashAll(PLACE_PRIME, seed.place), print: hashAll(PRINT_PRIME, seed.print) }
}

function hashText(prime: number, start: number, text: string): number {
  let hash = start
  for (let index = 0; index < text.length; index++) hash = step(prime, hash, text.charCodeAt(index))
  return hash
}

function step(prime: number, hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, prime)
  return mixed ^ (mixed >>> 15)
}

/** Spreads the last steps over all bits. */
function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 13), PRINT_PRIME)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
