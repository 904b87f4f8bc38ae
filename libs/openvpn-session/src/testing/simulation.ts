import type { SeededRandom } from '@sallyport/testkit'

/** Time that only moves when the test says so, and what is to happen in it. */
export class Simulation {
  #nowMs: number
  #order = 0
  #events: { readonly atMs: number; readonly order: number; readonly run: () => void }[] = []

  constructor(startMs: number) {
    this.#nowMs = startMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Runs something later; gives the function that takes it back. */
  schedule(atMs: number, run: () => void): () => void {
    const event = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, run }
    this.#events.push(event)
    return () => {
      this.#events = this.#events.filter((other) => other !== event)
    }
  }

  /** Lets this much time pass, with all that happens in it. */
  pass(durationMs: number): void {
    const endMs = this.#nowMs + durationMs
    for (let event = this.#takeFirst(endMs); event !== undefined; event = this.#takeFirst(endMs)) {
      this.#nowMs = event.atMs
      event.run()
    }
    this.#nowMs = endMs
  }

  #takeFirst(endMs: number): { readonly atMs: number; readonly run: () => void } | undefined {
    const [first] = this.#events
      .filter(({ atMs }) => atMs <= endMs)
      .sort((a, b) => a.atMs - b.atMs || a.order - b.order)
    this.#events = this.#events.filter((event) => event !== first)
    return first
  }
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
}

/** A network without faults. */
export const FAIR_WEATHER: Weather = { delayMs: 20, jitterMs: 0, loss: 0, duplication: 0 }

/** Carries packets in one direction through the weather. */
export function makeWire(
  simulation: Simulation,
  weather: Weather,
  random: SeededRandom,
  deliver: (bytes: Uint8Array) => void,
): (bytes: Uint8Array) => void {
  return (bytes) => {
    const copies = chance(random) < weather.duplication ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      if (chance(random) < weather.loss) continue
      const arrivalMs = simulation.nowMs + weather.delayMs + chance(random) * weather.jitterMs
      simulation.schedule(arrivalMs, () => {
        deliver(bytes)
      })
    }
  }
}

function chance(random: SeededRandom): number {
  return random.uint32() / 2 ** 32
}
