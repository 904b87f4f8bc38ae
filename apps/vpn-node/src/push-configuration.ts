import type { ConnectionGrant, Lease } from '@sallyport/contracts'
import type { PushConfiguration } from '@sallyport/openvpn-session'

import { tunnelAddresses } from './tunnel-addresses.ts'
import { TUN_MTU } from './tunnel-interface.ts'

/** Says what a client is given, as it follows from its grant and its lease; how it is told depends on the client. */
export function pushConfiguration({ network, keepalive }: ConnectionGrant, lease: Lease): PushConfiguration {
  const { ipv4, ipv6 } = tunnelAddresses(network)
  const { dnsServers, dnsDomains, dnsResolveDomains, inactiveSeconds } = network
  return {
    ipv4: { address: lease.ipv4, netmask: ipv4.netmask, gateway: ipv4.gateway },
    ...(ipv6 && lease.ipv6 !== null
      ? { ipv6: { address: lease.ipv6, prefixLength: ipv6.prefixLength, gateway: ipv6.gateway } }
      : {}),
    keepalive,
    routes: network.routes,
    dns: { servers: dnsServers, searchDomains: dnsDomains, resolveDomains: dnsResolveDomains },
    blockOutsideDns: network.blockOutsideDns,
    blockIpv6: network.blockIpv6,
    ...(inactiveSeconds === null ? {} : { inactiveSeconds }),
    tunMtu: TUN_MTU,
  }
}
