import type { NodeNetwork } from '@sallyport/contracts'
import {
  DATA_OVERHEAD_BYTES,
  type Path,
  type PeerOptions,
  type PeerTrafficLimits,
  type TrafficLimit,
} from '@sallyport/packet-engine'

import { TUN_MTU } from './tunnel-interface.ts'

/** OpenVPN's `mssfix` when nothing else is said: what a TCP segment in the tunnel may make of an outer packet. */
const OUTER_BYTES = 1492
const UDP_HEADER_BYTES = 8
const TCP_HEADER_BYTES = 20
const IP_HEADER_BYTES = { ipv4: 20, ipv6: 40 } as const

/** Says how large the packets of a peer may be, both ways, by the path that they travel. */
export function sizesFor({ remote }: Path): Required<Pick<PeerOptions, 'mtu' | 'segmentLimit'>> {
  const outer = IP_HEADER_BYTES[remote.address.includes(':') ? 'ipv6' : 'ipv4']
  const inner = OUTER_BYTES - outer - UDP_HEADER_BYTES - DATA_OVERHEAD_BYTES - TCP_HEADER_BYTES
  return {
    mtu: TUN_MTU,
    segmentLimit: { ipv4: inner - IP_HEADER_BYTES.ipv4, ipv6: inner - IP_HEADER_BYTES.ipv6 },
  }
}

/** Says what a client of the network may send and be sent. */
export function limitsOf(network: NodeNetwork): PeerTrafficLimits {
  return {
    received: limit(network.uploadKilobitsPerSecond, network.uploadPacketsPerSecond),
    sent: limit(network.downloadKilobitsPerSecond, network.downloadPacketsPerSecond),
  }
}

function limit(kilobitsPerSecond: number | null, packetsPerSecond: number | null): TrafficLimit {
  return {
    ...(kilobitsPerSecond === null ? {} : { bytesPerSecond: kilobitsPerSecond * 125 }),
    ...(packetsPerSecond === null ? {} : { packetsPerSecond }),
  }
}
