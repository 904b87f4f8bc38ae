import { BulkTraffic } from './bulk-traffic.ts'
import { DatagramTraffic } from './datagram-traffic.ts'
import type { TrafficKind } from './mix.ts'
import type { Flow, MixResults, TrafficGenerator } from './traffic.ts'

/** How much traffic a client of each kind has. */
export interface TrafficPlan {
  /** `undefined`: 1 for ping, 100 for small packets. */
  readonly packetsPerSecond: number | undefined
  readonly payloadBytes: number
  /** Of a bulk stream; `undefined` as fast as it goes. */
  readonly bytesPerSecond: number | undefined
}

const PINGS_PER_SECOND = 1
const SMALL_PACKETS_PER_SECOND = 100

/** The traffic of all clients by their kinds. Nothing flows before `begin`. */
export class TrafficMix {
  readonly #kinds: readonly TrafficKind[]
  readonly #generators: ReadonlyMap<TrafficKind, TrafficGenerator>
  readonly #flows = new Map<number, Flow>()
  #running = false

  /** `kinds` has one for each client. */
  constructor(kinds: readonly TrafficKind[], plan: TrafficPlan, now: () => number) {
    this.#kinds = kinds
    const active = [...new Set(kinds)].flatMap((kind) => (kind === 'idle' ? [] : [kind]))
    this.#generators = new Map(active.map((kind) => [kind, generatorOf(kind, plan, now)]))
  }

  /** A client has a tunnel. */
  opened(client: number, flow: Flow): void {
    this.#flows.set(client, flow)
    if (this.#running) this.#generatorOf(client)?.start(client, flow)
  }

  /** A client has no tunnel any more. */
  closed(client: number): void {
    if (this.#flows.delete(client) && this.#running) this.#generatorOf(client)?.stop(client)
  }

  /** Lets traffic flow in every tunnel that there is and that there will be. */
  begin(): void {
    if (this.#running) return
    this.#running = true
    for (const [client, flow] of this.#flows) this.#generatorOf(client)?.start(client, flow)
  }

  /** Ends all traffic. */
  end(): void {
    if (this.#running) for (const client of this.#flows.keys()) this.#generatorOf(client)?.stop(client)
    this.#running = false
  }

  advance(nowMs: number): void {
    if (this.#running) for (const generator of this.#generators.values()) generator.advance(nowMs)
  }

  get results(): MixResults {
    return Object.fromEntries([...this.#generators].map(([kind, { results }]) => [kind, results]))
  }

  #generatorOf(client: number): TrafficGenerator | undefined {
    return this.#generators.get(this.#kinds[client] ?? 'idle')
  }
}

function generatorOf(kind: Exclude<TrafficKind, 'idle'>, plan: TrafficPlan, now: () => number): TrafficGenerator {
  if (kind === 'bulk-up' || kind === 'bulk-down') return new BulkTraffic(kind, plan.bytesPerSecond)
  const usual = kind === 'ping' ? PINGS_PER_SECOND : SMALL_PACKETS_PER_SECOND
  return new DatagramTraffic(
    kind,
    { packetsPerSecond: plan.packetsPerSecond ?? usual, payloadBytes: plan.payloadBytes },
    now,
  )
}
