import { cidrContainsAddress, type IpAddress, parseCidr } from '@sallyport/ip-network'

/** IANA's registry of special-purpose IPv4 addresses (RFC 6890), multicast and what is reserved: never «the internet». */
const SPECIAL_IPV4 = blocks(
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.31.196.0/24', '192.52.193.0/24', '192.88.99.0/24', '192.168.0.0/16', '192.175.48.0/24'],
  ...['198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
)
/** Global unicast (RFC 4291 §2.4), and what of it is special: Teredo, ORCHID, documentation, 6to4. */
const GLOBAL_IPV6 = blocks('2000::/3')
const SPECIAL_IPV6 = blocks('2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20')
/** IPv4-mapped addresses (RFC 4291 §2.5.5.2) and those of NAT64 (RFC 6052): the last 32 bits are where it goes. */
const CARRY_IPV4 = blocks('::ffff:0:0/96', '64:ff9b::/96')

/** Tells whether an address is one of the public internet, and not of this machine, a private network or a special use. */
export function isPublicAddress(address: IpAddress): boolean {
  const { family, value } = carriedAddress(address)
  const isIn = (cidrs: typeof SPECIAL_IPV4): boolean =>
    cidrs.some((cidr) => cidrContainsAddress(cidr, { family, value }))
  return family === 4 ? !isIn(SPECIAL_IPV4) : isIn(GLOBAL_IPV6) && !isIn(SPECIAL_IPV6)
}

/** Tells whether an address is one of this machine. */
export function isLoopbackAddress(address: IpAddress): boolean {
  return blocks('127.0.0.0/8', '::1/128').some((cidr) => cidrContainsAddress(cidr, carriedAddress(address)))
}

/** Gives the IPv4 address that an IPv6 address stands for, or the address itself. */
export function carriedAddress(address: IpAddress): IpAddress {
  const carries = CARRY_IPV4.some((cidr) => cidrContainsAddress(cidr, address))
  return carries ? { family: 4, value: address.value & 0xffffffffn } : address
}

function blocks(...texts: readonly string[]) {
  return texts.flatMap((text) => parseCidr(text) ?? [])
}
