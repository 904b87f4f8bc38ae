import { readFile, writeFile } from 'node:fs/promises'

import type { NodeNetwork } from '@sallyport/contracts'
import { inNamespace, runHostCommand } from '@sallyport/packet-engine'

import { firewallScript, tableName, tablesOfNode } from './firewall.ts'
import { tunnelAddresses } from './tunnel-addresses.ts'

/** Inner MTU of every tunnel; pushed to clients that accept `tun-mtu`. */
export const TUN_MTU = 1500
const TRANSMIT_QUEUE_PACKETS = 1000
const FORWARDING_SWITCHES = ['/proc/sys/net/ipv4/ip_forward', '/proc/sys/net/ipv6/conf/all/forwarding']

/** Gives a TUN device its addresses, sets it up, lets the namespace forward, and puts the firewall in front. */
export async function configureInterface(network: NodeNetwork, interfaceName: string): Promise<void> {
  const namespace = network.namespace ?? undefined
  const { ipv4, ipv6 } = tunnelAddresses(network)
  // The rules come first: there is no moment in which packets are forwarded without them.
  await applyFirewall(network, interfaceName)
  const batch = [
    `link set dev ${interfaceName} mtu ${String(TUN_MTU)} txqueuelen ${String(TRANSMIT_QUEUE_PACKETS)}`,
    `addr add ${ipv4.gateway}/${String(ipv4.prefixLength)} dev ${interfaceName}`,
    ...(ipv6 ? [`addr add ${ipv6.gateway}/${String(ipv6.prefixLength)} dev ${interfaceName} nodad`] : []),
    `link set dev ${interfaceName} up`,
  ]
  await runHostCommand(inNamespace(namespace, ['ip', '-batch', '-']), `${batch.join('\n')}\n`)
  for (const path of FORWARDING_SWITCHES) await enableForwarding(namespace, path)
}

/** Replaces a network's rules in one transaction, while packets flow. */
export async function applyFirewall(network: NodeNetwork, interfaceName: string): Promise<void> {
  const script = firewallScript(network, interfaceName)
  await runHostCommand(inNamespace(network.namespace ?? undefined, ['nft', '-f', '-']), script)
}

/** Takes a network's rules away; the device itself goes with the engine. */
export async function removeFirewall(namespace: string | undefined, interfaceName: string): Promise<void> {
  await runHostCommand(inNamespace(namespace, ['nft', 'delete', 'table', 'inet', tableName(interfaceName)]))
}

/**
 * Removes the rules that a killed run of this node left in its own namespace and in every named one: those whose device
 * is gone. Rules with a device belong to a node that runs, for instance of another installation on this machine.
 */
export async function removeStaleFirewalls(interfacePrefix: string): Promise<number> {
  let removed = await removeStaleTables(undefined, interfacePrefix)
  const named = await runHostCommand(['ip', 'netns', 'list'])
  for (const namespace of named.split('\n').flatMap((line) => line.split(' ')[0] || [])) {
    // A namespace may be deleted meanwhile, and its rules with it.
    removed += await removeStaleTables(namespace, interfacePrefix).catch(() => 0)
  }
  return removed
}

async function removeStaleTables(namespace: string | undefined, interfacePrefix: string): Promise<number> {
  const listing = await runHostCommand(inNamespace(namespace, ['nft', 'list', 'tables', 'inet']))
  const tables = tablesOfNode(listing, interfacePrefix)
  if (tables.length === 0) return 0
  const links = await runHostCommand(inNamespace(namespace, ['ip', '-oneline', 'link', 'show']))
  const live = [...links.matchAll(/^\d+: ([^:@]+)/gm)].map(([, device = '']) => tableName(device))
  const stale = tables.filter((table) => !live.includes(table))
  for (const table of stale) {
    await runHostCommand(inNamespace(namespace, ['nft', 'delete', 'table', 'inet', table]))
  }
  return stale.length
}

// Which switches this process turned on in its own namespace; they are turned off again at the end.
const turnedOn = new Set<string>()

async function enableForwarding(namespace: string | undefined, path: string): Promise<void> {
  if (namespace !== undefined) {
    await runHostCommand(inNamespace(namespace, ['tee', path]), '1\n')
    return
  }
  if ((await readFile(path, 'utf8')).trim() === '1') return
  await writeFile(path, '1\n')
  turnedOn.add(path)
}

/**
 * Turns forwarding in the process's own namespace off again where this process had turned it on, unless another node
 * still has a network there.
 */
export async function restoreForwarding(): Promise<void> {
  if (turnedOn.size === 0) return
  if (tablesOfNode(await runHostCommand(['nft', 'list', 'tables', 'inet']), 'spt').length > 0) return
  for (const path of turnedOn) await writeFile(path, '0\n')
  turnedOn.clear()
}
