import { type Cidr, cidrContains, cidrsOverlap, parseCidr } from '@sallyport/ip-network'

/** Blocks of RFC 6890 and RFC 4291 in which no host of a network has its address, the narrow before the wide. */
const RESERVED = [
  ['0.0.0.0/8', 'unspecified'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.0.0/16', 'link-local'],
  ['192.0.0.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  // IPv4 addresses, mapped and translated, among them.
  ['::/8', 'reserved'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'reserved'],
  ['ff00::/8', 'multicast'],
] as const

const BLOCKS = RESERVED.flatMap(([text, use]) => {
  const block = parseCidr(text)
  return block === undefined ? [] : [{ block, use }]
})

/** Says what reserves any of the block's addresses, for example `loopback`. */
export function reservationTouching(cidr: Cidr): string | undefined {
  return BLOCKS.find(({ block }) => cidrsOverlap(block, cidr))?.use
}

/** Says what reserves all of the block's addresses: a default route touches every reserved block and lies in none. */
export function reservationOf(cidr: Cidr): string | undefined {
  return BLOCKS.find(({ block }) => cidrContains(block, cidr))?.use
}
