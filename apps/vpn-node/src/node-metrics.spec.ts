import { type EngineCounter, NETWORK_DROPS, type NetworkCounters } from '@sallyport/packet-engine'
import { expect, it } from 'vitest'

import { createNodeMetrics, type EngineNetwork } from './node-metrics.ts'

function countersOf(received: bigint): NetworkCounters {
  const drops = Object.fromEntries(NETWORK_DROPS.map((name) => [name, 0n])) as NetworkCounters['drops']
  return {
    receivedBytes: received * 100n,
    receivedPackets: received,
    sentBytes: 0n,
    sentPackets: 0n,
    transportReceivedBytes: 0n,
    transportSentBytes: 0n,
    drops: { ...drops, dropNoRoute: 7n },
  }
}

it('shows traffic and drops of each tenant network, of those that the engine has now', async () => {
  let networks: EngineNetwork[] = [
    { index: 0, network: { tenantId: 't', networkId: 'id-red', name: 'red' } },
    { index: 3, network: { tenantId: 't', networkId: 'id-blue', name: 'blue' } },
  ]
  const { registry } = createNodeMetrics({
    engine: {
      counters: () => ({}) as Record<EngineCounter, bigint>,
      cpuSeconds: () => 0,
      networkCounters: (index) => countersOf(BigInt(index)),
    },
    networks: () => networks,
    connections: () => ({ udp: 0, tcp: 0 }),
    handshakes: () => 0,
  })
  const shown = await registry.text()
  expect(shown).toContain(
    'sallyport_node_network_total{tenant_id="t",network="blue",network_id="id-blue",reason="receivedPackets"} 3',
  )
  expect(shown).toContain(
    'sallyport_node_network_total{tenant_id="t",network="red",network_id="id-red",reason="dropNoRoute"} 7',
  )
  networks = networks.slice(0, 1)
  const later = await registry.text()
  expect(later).toContain('network="red"')
  expect(later).not.toContain('network="blue"')
})
