import {
  addressBits,
  addressCount,
  formatAddress,
  formatCidr,
  type IpAddress,
  parseAddress,
} from '@sallyport/ip-network'
import type { PulledConfiguration } from '@sallyport/openvpn-session'

/** What a client sets up for itself from what the server pushed; addresses are in canonical form. */
export interface TunnelTerms {
  readonly ipv4: string | undefined
  readonly ipv6: string | undefined
  /** The blocks that the addresses are of, as CIDR; a single address where the server names no sensible block. */
  readonly blocks: readonly string[]
  readonly pingSeconds: number
  readonly pingRestartSeconds: number
}

/** What comes from a larger block is routed by the machine itself, whatever a server says. */
const SHORTEST_PREFIX = { 4: 8, 6: 32 } as const

/** Reads `ifconfig`, `ifconfig-ipv6`, `topology`, `ping` and `ping-restart` (openvpn(8)); the last of each counts. */
export function tunnelTerms({ options }: Pick<PulledConfiguration, 'options'>): TunnelTerms {
  const valuesOf = (name: string): readonly string[] =>
    options
      .findLast((option) => option.startsWith(`${name} `))
      ?.split(' ')
      .slice(1) ?? []
  const [address4 = '', second = ''] = valuesOf('ifconfig')
  const [address6 = '', bits6] = valuesOf('ifconfig-ipv6')[0]?.split('/') ?? []
  const [ipv4, ipv6] = [parseAddress(address4), parseAddress(address6)]
  const bits4 = valuesOf('topology')[0] === 'subnet' ? maskBits(second) : 32
  return {
    ipv4: ipv4?.family === 4 ? formatAddress(ipv4) : undefined,
    ipv6: ipv6?.family === 6 ? formatAddress(ipv6) : undefined,
    blocks: [
      ...(ipv4?.family === 4 ? [blockOf(ipv4, bits4)] : []),
      ...(ipv6?.family === 6 ? [blockOf(ipv6, Number(bits6 ?? 128))] : []),
    ],
    pingSeconds: seconds(valuesOf('ping')[0]),
    pingRestartSeconds: seconds(valuesOf('ping-restart')[0]),
  }
}

function maskBits(mask: string): number {
  const address = parseAddress(mask)
  return address?.family === 4 ? Math.clz32(~Number(address.value)) : 32
}

function blockOf(address: IpAddress, bits: number): string {
  const { family, value } = address
  const isSensible = Number.isInteger(bits) && bits >= SHORTEST_PREFIX[family] && bits <= addressBits(family)
  const prefixLength = isSensible ? bits : addressBits(family)
  const size = addressCount({ family, base: 0n, prefixLength })
  return formatCidr({ family, base: value - (value % size), prefixLength })
}

function seconds(text: string | undefined): number {
  return text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : 0
}
