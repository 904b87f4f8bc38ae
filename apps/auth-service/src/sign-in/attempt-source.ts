import { formatAddress, formatCidr, type IpAddress, parseAddress } from '@sallyport/ip-network'

/** RFC 4291 §2.5.4: one IPv6 subscriber has at least 64 bits of addresses to choose from. */
const HOST_BITS = 64n
const IPV4_MAPPED = 0xffffn

/**
 * Names the source whose attempts count together: an IPv4 address, also one that is written as IPv4-mapped IPv6, or an
 * IPv6 block of /64. What is no address stands for itself.
 */
export function attemptSourceOf(remoteAddress: string): string {
  const address = parseAddress(remoteAddress)
  if (address === undefined) return remoteAddress
  const { family, value } = address
  if (family === 4) return formatAddress(address)
  if (value >> 32n === IPV4_MAPPED) return formatAddress(lowIpv4(address))
  return formatCidr({ family, base: (value >> HOST_BITS) << HOST_BITS, prefixLength: 64 })
}

function lowIpv4({ value }: IpAddress): IpAddress {
  return { family: 4, value: value & 0xffff_ffffn }
}
