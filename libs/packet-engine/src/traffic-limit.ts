import { EngineError } from './engine-error.ts'
import type { TrafficLimit } from './traffic-counters.ts'

/**
 * Longer than a TCP sender is silent whose whole window was dropped (at least 200 ms in Linux, 1 s by RFC 6298 §2.4): what
 * the rate gives meanwhile must not be lost to it.
 */
const DEFAULT_BURST_MS = 500
const MAX_BURST_MS = 60_000
const MAX_BYTES_PER_SECOND = 1e12
const MAX_PACKETS_PER_SECOND = 1e9

/** A limit as the addon takes it: rates per second with what may pass at once, 0 being no limit. */
export interface NativeLimit {
  readonly bytes: number
  readonly burstBytes: number
  readonly packets: number
  readonly burstPackets: number
}

/** Checks a limit. Throws `EngineError` `bad-argument`. */
export function nativeLimit(limit: TrafficLimit = {}): NativeLimit {
  const { bytesPerSecond, packetsPerSecond, burstMs = DEFAULT_BURST_MS } = limit
  check('burst', burstMs, MAX_BURST_MS)
  const rate = (what: string, perSecond: number | undefined, maximum: number): [number, number] => {
    if (perSecond === undefined) return [0, 0]
    check(what, perSecond, maximum)
    return [perSecond, Math.max(1, Math.floor((perSecond * burstMs) / 1000))]
  }
  const [bytes, burstBytes] = rate('bytes per second', bytesPerSecond, MAX_BYTES_PER_SECOND)
  const [packets, burstPackets] = rate('packets per second', packetsPerSecond, MAX_PACKETS_PER_SECOND)
  return { bytes, burstBytes, packets, burstPackets }
}

function check(what: string, value: number, maximum: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= maximum) return
  throw new EngineError(
    'bad-argument',
    `the limit's ${what} must be a whole number from 1 to ${String(maximum)}, not ${String(value)}`,
  )
}
