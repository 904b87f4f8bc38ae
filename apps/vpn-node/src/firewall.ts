import type { NodeNetwork } from '@sallyport/contracts'

const TABLE_PREFIX = 'sallyport_'

/** Names the nftables table (family inet) that belongs to a TUN device. */
export function tableName(interfaceName: string): string {
  return `${TABLE_PREFIX}${interfaceName}`
}

/** Reads from `nft list tables` the tables that belong to this node's devices, left behind by a killed run too. */
export function tablesOfNode(listing: string, interfacePrefix: string): string[] {
  return listing
    .split('\n')
    .map((line) => /^table inet (\S+)$/.exec(line.trim())?.[1] ?? '')
    .filter((name) => name.startsWith(tableName(interfacePrefix)))
}

/**
 * Writes the nftables script of one tenant network, to be applied in one transaction: it replaces what stands under the
 * same name. Clients reach the network's routes and nothing else, never each other and never another network; what comes
 * back must belong to a connection that a client opened; the node itself answers them only ICMP.
 */
export function firewallScript(network: NodeNetwork, interfaceName: string): string {
  const table = tableName(interfaceName)
  const device = `"${interfaceName}"`
  return [
    `table inet ${table}`,
    `delete table inet ${table}`,
    `table inet ${table} {`,
    '  chain input {',
    '    type filter hook input priority filter; policy accept;',
    `    iifname ${device} meta l4proto { icmp, ipv6-icmp } accept`,
    `    iifname ${device} drop`,
    '  }',
    '  chain forward {',
    '    type filter hook forward priority filter; policy accept;',
    `    iifname ${device} oifname "spt*" drop`,
    ...allowedDestinations(network).map((match) => `    iifname ${device} ${match} accept`),
    `    iifname ${device} drop`,
    `    oifname ${device} ct state established,related accept`,
    `    oifname ${device} drop`,
    '  }',
    '  chain postrouting {',
    '    type nat hook postrouting priority srcnat; policy accept;',
    `    ip saddr ${network.ipv4} oifname != ${device} masquerade`,
    ...(network.ipv6 === null ? [] : [`    ip6 saddr ${network.ipv6} oifname != ${device} masquerade`]),
    '  }',
    '}',
    '',
  ].join('\n')
}

function allowedDestinations(network: NodeNetwork): string[] {
  return network.routes.map((route) => (route.includes(':') ? `ip6 daddr ${route}` : `ip daddr ${route}`))
}
