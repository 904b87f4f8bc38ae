import type { NodeNetwork } from '@sallyport/contracts'
import type { Network } from '@sallyport/database'

/** Writes a network as nodes need it. */
export function nodeNetworkOf(network: Network): NodeNetwork {
  const { id, tenantId, name, namespace, ipv4, ipv6, routes, dnsServers, dnsDomains, version } = network
  return { networkId: id, tenantId, name, namespace, ipv4, ipv6, routes, dnsServers, dnsDomains, version }
}
