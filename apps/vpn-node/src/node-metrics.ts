import type { NodeNetwork } from '@sallyport/contracts'
import { SESSION_DROP_REASONS, SESSION_END_REASONS } from '@sallyport/openvpn-session'
import type { KeyLimitReason, PacketEngine, StreamCloseReason } from '@sallyport/packet-engine'
import { Metrics, type ReasonCounter } from '@sallyport/telemetry'

import { CHALLENGE_OUTCOMES, type ChallengeOutcome } from './dialogue.ts'
import { SHARED_STREAM_OUTCOMES, type SharedStreamOutcome } from './port-share.ts'
import { REFUSAL_CODES, type RefusalCode } from './refusals.ts'

/** Why a packet from an address without a session led to nothing, besides the protocol's own reasons. */
const INITIAL_DROP_REASONS = [...SESSION_DROP_REASONS, 'draining', 'no-handshake-keys', 'unknown-tenant'] as const
/** Why a connection ended, besides the protocol's own reasons. */
const END_REASONS = [
  ...SESSION_END_REASONS,
  'replaced',
  'stream-closed',
  'unknown-tenant',
  'node-stopped',
  'internal-error',
] as const
export type EndReason = (typeof END_REASONS)[number]
/** Steps of a handshake; what was opened and not connected is among the ends. */
const HANDSHAKE_STEPS = ['answered', 'opened', 'connected', 'refused', 'failed'] as const
const STREAM_CLOSE_REASONS = [
  'peer-closed',
  'desynchronised',
  'bad-packet',
  'queue-full',
  'idle',
  'error',
] as const satisfies readonly StreamCloseReason[]
const KEY_LIMIT_REASONS = [
  'packet-id',
  'usage',
  'bytes',
  'packets',
  'failed-decryptions',
  'epoch',
] as const satisfies readonly KeyLimitReason[]

/** Names and help of every metric of a vpn-node. */
export interface NodeMetrics {
  readonly registry: Metrics
  readonly initialDrops: ReasonCounter<(typeof INITIAL_DROP_REASONS)[number]>
  readonly sessionDrops: ReasonCounter<(typeof SESSION_DROP_REASONS)[number]>
  readonly handshakes: ReasonCounter<(typeof HANDSHAKE_STEPS)[number]>
  readonly challenges: ReasonCounter<ChallengeOutcome>
  readonly refusals: ReasonCounter<RefusalCode>
  readonly ends: ReasonCounter<EndReason>
  readonly streamEnds: ReasonCounter<StreamCloseReason>
  readonly sharedStreams: ReasonCounter<SharedStreamOutcome>
  readonly floats: ReasonCounter<'moved'>
  readonly keyLimits: ReasonCounter<KeyLimitReason>
  readonly networkUpdates: ReasonCounter<'changed' | 'not-understood'>
}

/** A tenant network under the index by which the engine knows it. */
export interface EngineNetwork {
  readonly index: number
  readonly network: Pick<NodeNetwork, 'tenantId' | 'networkId' | 'name'>
}

/** What the metrics read when somebody asks. */
export interface NodeReadings {
  readonly engine: Pick<PacketEngine, 'counters' | 'cpuSeconds' | 'networkCounters'>
  /** Tenant networks that have a device, with the engine's index. */
  readonly networks: () => readonly EngineNetwork[]
  /** Connections with a tunnel, by transport. */
  readonly connections: () => Readonly<Record<'udp' | 'tcp', number>>
  readonly handshakes: () => number
}

/** Makes the node's metrics. */
export function createNodeMetrics({ engine, networks, connections, handshakes }: NodeReadings): NodeMetrics {
  const registry = new Metrics()
  registry.gauge('node_connections', 'Connections with a tunnel.', () => connections().udp + connections().tcp)
  registry.gauge('node_tcp_connections', 'Connections with a tunnel over TCP.', () => connections().tcp)
  registry.gauge('node_open_handshakes', 'Sessions without a tunnel.', handshakes)
  registry.gauge('node_engine_cpu_seconds', 'CPU seconds used by the packet engine.', () => engine.cpuSeconds())
  registry.observedTotals('node_engine_total', 'Packets and drops of the packet engine by kind.', () =>
    engine.counters(),
  )
  registry.observedTotalsOfEach(
    'node_network_total',
    'Traffic and drops of a tenant network by kind.',
    ['tenant_id', 'network', 'network_id'],
    () => networks().map((entry) => networkTotals(engine, entry)),
  )
  const counter = registry.reasonCounter.bind(registry)
  return {
    registry,
    initialDrops: counter(
      'node_initial_drops_total',
      'Packets from addresses without a session that were ignored.',
      INITIAL_DROP_REASONS,
    ),
    sessionDrops: counter(
      'node_session_drops_total',
      'Control packets and messages of sessions that were ignored.',
      SESSION_DROP_REASONS,
    ),
    handshakes: counter('node_handshakes_total', 'Handshakes, by how far they came.', HANDSHAKE_STEPS),
    challenges: counter('node_challenges_total', 'Questions put to users while connecting.', CHALLENGE_OUTCOMES),
    refusals: counter('node_refusals_total', 'Clients refused, by reason.', REFUSAL_CODES),
    ends: counter('node_connection_ends_total', 'Sessions ended, by reason.', END_REASONS),
    streamEnds: counter('node_stream_ends_total', 'TCP streams that the node did not end.', STREAM_CLOSE_REASONS),
    sharedStreams: counter(
      'node_shared_streams_total',
      'TCP streams of other protocols, by what became of them.',
      SHARED_STREAM_OUTCOMES,
    ),
    floats: counter('node_floats_total', 'Connections that went on from another address.', ['moved']),
    keyLimits: counter('node_key_limits_total', 'Data keys that came near a limit.', KEY_LIMIT_REASONS),
    networkUpdates: counter('node_network_updates_total', 'Changes of networks for connected clients.', [
      'changed',
      'not-understood',
    ]),
  }
}

function networkTotals(engine: NodeReadings['engine'], { index, network }: EngineNetwork) {
  const { drops, ...traffic } = engine.networkCounters(index)
  const { tenantId: tenant_id, name, networkId: network_id } = network
  return { labels: { tenant_id, network: name, network_id }, totals: { ...traffic, ...drops } }
}
