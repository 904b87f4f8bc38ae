import type { ConnectionGrant, Lease } from '@sallyport/contracts'
import { netmaskText, parseCidr } from '@sallyport/ip-network'

import { tunnelAddresses } from './tunnel-addresses.ts'

/**
 * Writes the options of a PUSH_REPLY that follow from a grant and a lease, in the order of OpenVPN 2.x servers; what is
 * negotiated with the client (peer-id, cipher, flags, token) is added by the session.
 */
export function pushOptions(grant: ConnectionGrant, lease: Lease): string[] {
  const { ipv4, ipv6 } = tunnelAddresses(grant.network)
  const { pingSeconds, pingRestartSeconds } = grant.keepalive
  return [
    'topology subnet',
    `route-gateway ${ipv4.gateway}`,
    ...grant.network.routes.map(routeOption),
    ...grant.network.dnsServers.map((server) => `dhcp-option DNS ${server}`),
    ...grant.network.dnsDomains.map((domain) => `dhcp-option DOMAIN-SEARCH ${domain}`),
    `ping ${String(pingSeconds)}`,
    `ping-restart ${String(pingRestartSeconds)}`,
    'explicit-exit-notify 1',
    ...(ipv6 && lease.ipv6 !== null
      ? [`ifconfig-ipv6 ${lease.ipv6}/${String(ipv6.prefixLength)} ${ipv6.gateway}`]
      : []),
    `ifconfig ${lease.ipv4} ${ipv4.netmask}`,
  ]
}

function routeOption(route: string): string {
  if (route === '0.0.0.0/0') return 'redirect-gateway def1'
  const cidr = parseCidr(route)
  if (cidr?.family !== 4) return `route-ipv6 ${route}`
  return `route ${route.slice(0, route.indexOf('/'))} ${netmaskText(cidr)}`
}
