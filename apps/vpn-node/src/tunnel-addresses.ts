import type { NodeNetwork } from '@sallyport/contracts'
import { SallyportError } from '@sallyport/foundation'
import { type Cidr, formatAddress, netmaskText, nthAddress, parseCidr } from '@sallyport/ip-network'

/** One family's block of a tenant network. */
export interface TunnelBlock {
  readonly cidr: Cidr
  /** The node's own address on the TUN device: the first host of the block. */
  readonly gateway: string
  readonly prefixLength: number
  readonly netmask: string
}

/** Reads the address blocks of a network; throws when auth-service sent something that is not a block. */
export function tunnelAddresses(network: NodeNetwork): { ipv4: TunnelBlock; ipv6: TunnelBlock | undefined } {
  return { ipv4: block(network.ipv4), ipv6: network.ipv6 === null ? undefined : block(network.ipv6) }
}

function block(text: string): TunnelBlock {
  const cidr = parseCidr(text)
  if (cidr === undefined) throw new SallyportError('bad-network', `"${text}" is not an address block`)
  return {
    cidr,
    gateway: formatAddress(nthAddress(cidr, 1n)),
    prefixLength: cidr.prefixLength,
    netmask: netmaskText(cidr),
  }
}
