import { setImmediate as turn } from 'node:timers/promises'

import { errorCode } from '@sallyport/foundation'
import type { PacketEngine } from '@sallyport/packet-engine'

import type { SessionHost } from './session-host.ts'

/** So many are read in one go: nothing else is done meanwhile. */
const READ_TOGETHER = 100

/** What is known of a live connection on this node; numbers since it began. */
export interface ListedPeer {
  readonly connectionId: string
  readonly tenantId: string
  readonly deviceId: string
  readonly network: string
  readonly peerId: number
  readonly counters: Readonly<Record<string, number>>
  /** By reason; those that never happened are left out. */
  readonly drops: Readonly<Record<string, number>>
}

type ListedHost = Pick<SessionHost, 'grant' | 'connection'>

/** Reads what the engine counts of each connection. */
export async function listPeers(
  hosts: readonly ListedHost[],
  engine: Pick<PacketEngine, 'peerCounters'>,
): Promise<ListedPeer[]> {
  const listed: ListedPeer[] = []
  for (const [index, host] of hosts.entries()) {
    if (index % READ_TOGETHER === READ_TOGETHER - 1) await turn()
    const peer = read(host, engine)
    if (peer !== undefined) listed.push(peer)
  }
  return listed
}

function read({ grant, connection }: ListedHost, engine: Pick<PacketEngine, 'peerCounters'>): ListedPeer | undefined {
  if (grant === undefined || connection === undefined) return undefined
  const { connectionId, deviceId, network } = grant
  const { peerId } = connection
  try {
    const { drops, ...counters } = engine.peerCounters(peerId)
    return {
      ...{ connectionId, tenantId: network.tenantId, deviceId, network: network.name, peerId },
      counters: numbers(Object.entries(counters)),
      drops: numbers(Object.entries(drops).filter(([, count]) => count > 0n)),
    }
  } catch (error) {
    // It has just ended.
    if (errorCode(error) === 'unknown-peer') return undefined
    throw error
  }
}

function numbers(counts: readonly (readonly [name: string, count: bigint])[]): Record<string, number> {
  return Object.fromEntries(counts.map(([name, count]) => [name, Number(count)]))
}
