import { SESSION_DROP_REASONS, SESSION_END_REASONS } from '@sallyport/openvpn-session'
import type { PacketEngine } from '@sallyport/packet-engine'
import { Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { REFUSAL_CODES, type RefusalCode } from './refusals.ts'

/** Why a packet from an address without a session led to nothing, besides the protocol's own reasons. */
const INITIAL_DROP_REASONS = [...SESSION_DROP_REASONS, 'draining', 'too-many-handshakes', 'unknown-tenant'] as const
/** Why a connection ended, besides the protocol's own reasons. */
const END_REASONS = [...SESSION_END_REASONS, 'replaced', 'node-stopped', 'internal-error'] as const
export type EndReason = (typeof END_REASONS)[number]

/** Names and help of every metric of a vpn-node. */
export interface NodeMetrics {
  readonly registry: Metrics
  readonly initialDrops: ReasonCounter<(typeof INITIAL_DROP_REASONS)[number]>
  readonly sessionDrops: ReasonCounter<(typeof SESSION_DROP_REASONS)[number]>
  readonly refusals: ReasonCounter<RefusalCode>
  readonly ends: ReasonCounter<EndReason>
}

/** Makes the node's metrics; the engine's counters are read when somebody asks. */
export function createNodeMetrics(engine: PacketEngine, connections: () => number): NodeMetrics {
  const registry = new Metrics()
  registry.gauge('node_connections', 'Connections with a tunnel.', connections)
  registry.gauge('node_engine_cpu_seconds', 'CPU seconds used by the packet engine.', () => engine.cpuSeconds())
  registry.observedTotals('node_engine_total', 'Packets and drops of the packet engine by kind.', () =>
    engine.counters(),
  )
  return {
    registry,
    initialDrops: registry.reasonCounter(
      'node_initial_drops_total',
      'Packets from addresses without a session that were ignored.',
      INITIAL_DROP_REASONS,
    ),
    sessionDrops: registry.reasonCounter(
      'node_session_drops_total',
      'Control packets and messages of sessions that were ignored.',
      SESSION_DROP_REASONS,
    ),
    refusals: registry.reasonCounter('node_refusals_total', 'Clients refused, by reason.', REFUSAL_CODES),
    ends: registry.reasonCounter('node_connection_ends_total', 'Sessions ended, by reason.', END_REASONS),
  }
}
