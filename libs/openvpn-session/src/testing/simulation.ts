import type { SeededRandom } from '@sallyport/testkit'

interface Event {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

/** More events than this at one moment are a loop. */
const MAX_EVENTS_AT_ONCE = 5_000

/** Time that only moves when the test says so, and what is to happen in it. */
export class Simulation {
  #nowMs: number
  #order = 0
  readonly #events = new Set<Event>()

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Runs something later; gives the function that takes it back. */
  schedule(atMs: number, run: () => void): () => void {
    const event = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run }
    this.#events.add(event)
    return () => {
      this.#events.delete(event)
    }
  }

  /** Lets this much time pass, with all that happens in it. */
  pass(durationMs: number): void {
    this.passUntil(() => false, durationMs)
  }

  /** Lets time pass until something holds, at most so long; gives how long that took, `undefined` when it never held. */
  passUntil(holds: () => boolean, limitMs: number): number | undefined {
    const startMs = this.#nowMs
    const endMs = startMs + limitMs
    if (holds()) return 0
    let eventsAtOnce = 0
    for (let event = this.#takeFirst(endMs); event !== undefined; event = this.#takeFirst(endMs)) {
      eventsAtOnce = event.atMs === this.#nowMs ? eventsAtOnce + 1 : 0
      if (eventsAtOnce > MAX_EVENTS_AT_ONCE)
        throw new RangeError('time stands still: somebody asks for a timer in the past')
      this.#nowMs = event.atMs
      event.run()
      if (holds()) return this.#nowMs - startMs
    }
    this.#nowMs = endMs
    return undefined
  }

  #takeFirst(endMs: number): Event | undefined {
    let first: Event | undefined
    for (const event of this.#events) if (first === undefined || isEarlier(event, first)) first = event
    if (first === undefined || first.atMs > endMs) return undefined
    this.#events.delete(first)
    return first
  }
}

function isEarlier(event: Event, other: Event): boolean {
  return event.atMs < other.atMs || (event.atMs === other.atMs && event.order < other.order)
}

/** What happens to packets on their way, per direction. */
export interface Weather {
  readonly delayMs: number
  /** Extra delay up to this, so that packets overtake each other. */
  readonly jitterMs: number
  /** Share of packets that are lost. */
  readonly loss: number
  /** Share of packets that arrive twice. */
  readonly duplication: number
  /** Share of packets that arrive with a bit turned or their end cut off. */
  readonly corruption?: number
}

/** A network without faults. */
export const FAIR_WEATHER: Weather = { delayMs: 20, jitterMs: 0, loss: 0, duplication: 0 }
/** Nothing arrives. */
export const BLACKOUT: Weather = { ...FAIR_WEATHER, loss: 1 }

/** Carries packets in one direction through the weather of the moment. */
export function makeWire(
  simulation: Simulation,
  weather: Weather | (() => Weather),
  random: SeededRandom,
  deliver: (bytes: Uint8Array) => void,
): (bytes: Uint8Array) => void {
  return (bytes) => {
    const { delayMs, jitterMs, loss, duplication, corruption = 0 } = typeof weather === 'function' ? weather() : weather
    const copies = chance(random) < duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (chance(random) < loss) continue
      const arriving = corruption > 0 && chance(random) < corruption ? damaged(bytes, random) : bytes
      simulation.schedule(simulation.nowMs + delayMs + chance(random) * jitterMs, () => {
        deliver(arriving)
      })
    }
  }
}

/** Carries the packets of a stream in one direction: late perhaps, but each once, whole and in order. */
export function makeStream(
  simulation: Simulation,
  weather: () => Weather,
  random: SeededRandom,
  deliver: (bytes: Uint8Array) => void,
): (bytes: Uint8Array) => void {
  let lastArrivalMs = 0
  return (bytes) => {
    const { delayMs, jitterMs } = weather()
    lastArrivalMs = Math.max(lastArrivalMs, simulation.nowMs + delayMs + chance(random) * jitterMs)
    simulation.schedule(lastArrivalMs, () => {
      deliver(bytes)
    })
  }
}

function damaged(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  if (random.below(4) === 0) return bytes.slice(0, random.below(bytes.length))
  const copy = Uint8Array.from(bytes)
  const position = random.below(copy.length)
  copy[position] = (copy[position] ?? 0) ^ (1 << random.below(8))
  return copy
}

function chance(random: SeededRandom): number {
  return random.uint32() / 2 ** 32
}
