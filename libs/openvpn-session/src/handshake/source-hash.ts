import type { RemoteAddress } from '../remote-address.ts'
import type { Mark } from './recent-marks.ts'

const IPV6_GROUPS = 8
/** Start and multiplier of a hash; two hashes with different ones agree by chance only. */
interface HashSeed {
  readonly start: number
  readonly prime: number
}
const PLACE_SEED: HashSeed = { start: 0x811c9dc5, prime: 0x01000193 }
const PRINT_SEED: HashSeed = { start: 0x9e3779b9, prime: 0x85ebca77 }

/**
 * Hashes what counts as one source: an IPv4 address, or the /56 that an IPv6 subscriber is given. Not cryptographic and
 * without a secret, since who can choose addresses that collide could as well send from the address itself.
 */
export function hashSource({ address }: RemoteAddress): number {
  if (!address.includes(':')) return finish(hashText(PLACE_SEED, PLACE_SEED.start, address))
  const [head = '', tail = ''] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail === '' ? [] : tail.split(':')
  let hash = PRINT_SEED.start
  for (let index = 0; index < 4; index++) {
    const group = Number.parseInt(left[index] ?? right[index - IPV6_GROUPS + right.length] ?? '0', 16)
    hash = step(PRINT_SEED, hash, index < 3 ? group : group >> 8)
  }
  return finish(hash)
}

/** Hashes bytes, 32-bit numbers and a text into the place and the print of a mark. */
export function hashMark(bytes: Uint8Array, numbers: readonly number[], text = ''): Mark {
  return { place: hashAll(PLACE_SEED, bytes, numbers, text), print: hashAll(PRINT_SEED, bytes, numbers, text) }
}

function hashAll(seed: HashSeed, bytes: Uint8Array, numbers: readonly number[], text: string): number {
  let hash = hashText(seed, seed.start, text)
  for (const byte of bytes) hash = step(seed, hash, byte)
  for (const number of numbers) hash = step(seed, hash, number)
  return finish(hash)
}

function hashText(seed: HashSeed, start: number, text: string): number {
  let hash = start
  for (let index = 0; index < text.length; index++) hash = step(seed, hash, text.charCodeAt(index))
  return hash
}

function step({ prime }: HashSeed, hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, prime)
  return mixed ^ (mixed >>> 15)
}

/** Spreads the last steps over all bits. */
function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 13), PRINT_SEED.prime)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
