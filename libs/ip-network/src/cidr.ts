import { addressBits, formatAddress, type IpAddress, type IpFamily, parseAddress } from './address.ts'

/** A block of addresses as in RFC 4632: the bits of `base` behind `prefixLength` are zero. */
export interface Cidr {
  readonly family: IpFamily
  readonly base: bigint
  readonly prefixLength: number
}

/**
 * Reads `address/prefixLength` strictly. A block whose host bits are not zero, such as `10.8.0.1/24`, is refused: it is
 * a mistake more often than a wish. Gives `undefined` for anything that is not a block.
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/')
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(text.slice(slash + 1))) return undefined
  const address = parseAddress(text.slice(0, slash))
  const prefixLength = Number(text.slice(slash + 1))
  if (address === undefined || prefixLength > addressBits(address.family)) return undefined
  const cidr = { family: address.family, base: address.value, prefixLength }
  return address.value % addressCount(cidr) === 0n ? cidr : undefined
}

/** Writes a block as `10.8.0.0/24`. */
export function formatCidr(cidr: Cidr): string {
  return formatHostCidr({ family: cidr.family, value: cidr.base }, cidr)
}

/** Writes an address with the prefix length of its block, as an interface address: `10.8.0.1/24`. */
export function formatHostCidr(address: IpAddress, cidr: Cidr): string {
  return `${formatAddress(address)}/${String(cidr.prefixLength)}`
}

/** Counts all addresses of a block, network and broadcast address included. */
export function addressCount(cidr: Cidr): bigint {
  return 1n << BigInt(addressBits(cidr.family) - cidr.prefixLength)
}

/** Tells whether the address lies in the block; never for another family. */
export function cidrContainsAddress(cidr: Cidr, address: IpAddress): boolean {
  return offsetInCidr(cidr, address) !== undefined
}

/** Tells whether every address of `inner` lies in `outer`. */
export function cidrContains(outer: Cidr, inner: Cidr): boolean {
  return outer.prefixLength <= inner.prefixLength && cidrContainsAddress(outer, firstAddress(inner))
}

/** Tells whether any address lies in both blocks. */
export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return cidrContains(a, b) || cidrContains(b, a)
}

/** Gives address number `n` of the block, 0 being the network address. Throws RangeError for an `n` outside the block. */
export function nthAddress(cidr: Cidr, n: bigint): IpAddress {
  if (n < 0n || n >= addressCount(cidr)) throw new RangeError(`${formatCidr(cidr)} has no address number ${String(n)}`)
  return { family: cidr.family, value: cidr.base + n }
}

/** Gives the number of the address in the block, the inverse of `nthAddress`; `undefined` when it lies outside. */
export function offsetInCidr(cidr: Cidr, address: IpAddress): bigint | undefined {
  const offset = address.value - cidr.base
  return cidr.family === address.family && offset >= 0n && offset < addressCount(cidr) ? offset : undefined
}

/** Writes the block's netmask as an address, `255.255.255.0`, as `ifconfig` and `route` in a push reply want it. */
export function netmaskText(cidr: Cidr): string {
  const all = (1n << BigInt(addressBits(cidr.family))) - 1n
  return formatAddress({ family: cidr.family, value: all - (addressCount(cidr) - 1n) })
}

function firstAddress(cidr: Cidr): IpAddress {
  return { family: cidr.family, value: cidr.base }
}
