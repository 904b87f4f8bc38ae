import type { PeerStatistics } from './engine.ts'
import type { NetworkDrop, PeerDrop } from './engine-counters.ts'

/** What a peer carried and lost since it was added. */
export interface PeerCounters extends PeerStatistics {
  readonly drops: Readonly<Record<PeerDrop, bigint>>
}

/** What a network's peers, including those that are gone, carried and lost since it was added. */
export interface NetworkCounters extends PeerStatistics {
  readonly drops: Readonly<Record<NetworkDrop, bigint>>
}

/** What may pass in one direction, counted in inner packets; whatever is absent is not limited. */
export interface TrafficLimit {
  /** From 1 to 10^12. */
  readonly bytesPerSecond?: number
  /** From 1 to 10^9. */
  readonly packetsPerSecond?: number
  /** How much may pass at once after a silence, as time at these rates, from 1 to 60,000; 500 when absent. */
  readonly burstMs?: number
}

/** A peer's limits; an absent direction has none. */
export interface PeerTrafficLimits {
  /** From the peer. */
  readonly received?: TrafficLimit
  /** To the peer. */
  readonly sent?: TrafficLimit
}
