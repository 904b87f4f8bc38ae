import type { NodeNetwork } from '@sallyport/contracts'
import type { Network } from '@sallyport/database'

/** Writes a network as nodes need it. */
export function nodeNetworkOf(network: Network): NodeNetwork {
  const { id, tenantId, name, namespace, ipv4, ipv6, routes, version, ...options } = network
  const { dnsServers, dnsDomains, dnsResolveDomains, blockOutsideDns, blockIpv6, inactiveSeconds } = options
  const { uploadKilobitsPerSecond, downloadKilobitsPerSecond } = options
  const { uploadPacketsPerSecond, downloadPacketsPerSecond } = options
  return {
    networkId: id,
    tenantId,
    name,
    namespace,
    ipv4,
    ipv6,
    routes,
    dnsServers,
    dnsDomains,
    dnsResolveDomains,
    blockOutsideDns,
    blockIpv6,
    inactiveSeconds,
    uploadKilobitsPerSecond,
    downloadKilobitsPerSecond,
    uploadPacketsPerSecond,
    downloadPacketsPerSecond,
    version,
  }
}
