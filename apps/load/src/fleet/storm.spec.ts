import { expect, it } from 'vitest'

import { Storm, type StormFleet, type StormPlan } from './storm.ts'

const PLAN: StormPlan = { ratePerSecond: 100, maxConnecting: Infinity, churnPerSecond: 0, reconnect: false }
const STEP_MS = 20

/** Clients that connect so long after they began, and tell the storm when they are gone. */
class FakeFleet implements StormFleet {
  readonly #since = new Map<number, number>()
  readonly #connectMs: number
  readonly begun: { readonly index: number; readonly atMs: number }[] = []
  readonly gone: number[] = []
  nowMs = 0

  readonly size: number

  constructor(size: number, connectMs: number) {
    this.size = size
    this.#connectMs = connectMs
  }

  get connecting(): number {
    return [...this.#since.keys()].filter((index) => !this.isConnected(index)).length
  }

  get connected(): number {
    return this.open - this.connecting
  }

  get open(): number {
    return this.#since.size
  }

  isConnected(index: number): boolean {
    const since = this.#since.get(index)
    return since !== undefined && since + this.#connectMs <= this.nowMs
  }

  begin(index: number): void {
    this.begun.push({ index, atMs: this.nowMs })
    this.#since.set(index, this.nowMs)
  }

  leave(index: number): void {
    if (this.#since.delete(index)) this.gone.push(index)
  }
}

function scene(size: number, change: Partial<StormPlan> = {}, connectMs = 100) {
  const fleet = new FakeFleet(size, connectMs)
  const storm = new Storm(fleet, { ...PLAN, ...change }, 0)
  const run = (ms: number): void => {
    for (const endMs = fleet.nowMs + ms; fleet.nowMs < endMs; fleet.nowMs += STEP_MS) storm.advance(fleet.nowMs)
  }
  return { fleet, storm, run }
}

it('lets every client connect once, at the given rate', () => {
  const { fleet, storm, run } = scene(50)
  run(400)
  expect(fleet.begun.length).toBeGreaterThan(35)
  expect(fleet.begun.length).toBeLessThan(42)
  expect(storm.isOver).toBe(false)
  run(1_000)
  expect(fleet.begun.map(({ index }) => index)).toEqual(Array.from({ length: 50 }, (_, index) => index))
  expect(storm.isOver).toBe(true)
})

it('never has more handshakes in progress than it may', () => {
  const { fleet, run } = scene(50, { maxConnecting: 3, ratePerSecond: 1_000 }, 200)
  for (let step = 0; step < 400; step++) {
    run(STEP_MS)
    expect(fleet.connecting).toBeLessThanOrEqual(3)
  }
  expect(fleet.begun).toHaveLength(50)
})

it('sends clients away in turn during the hold and lets them come back', () => {
  const { fleet, storm, run } = scene(10, { churnPerSecond: 5 })
  run(1_000)
  storm.hold(fleet.nowMs)
  fleet.leave = (index) => {
    fleet.gone.push(index)
    storm.noteClosed(index, false)
  }
  run(2_000)
  expect(fleet.gone.length).toBeGreaterThanOrEqual(10)
  expect(new Set(fleet.gone.slice(0, 10)).size).toBe(10)
  expect(fleet.begun.length).toBeGreaterThanOrEqual(19)
})

it.each([
  [true, 2],
  [false, 1],
])('with reconnect %s a client that lost its connection connects %d times', (reconnect, times) => {
  const { fleet, storm, run } = scene(1, { reconnect })
  run(500)
  storm.noteClosed(0, true)
  run(500)
  expect(fleet.begun).toHaveLength(times)
})

it('lets nobody come any more once it finishes, and is quiet when all are gone', () => {
  const { fleet, storm, run } = scene(20, { ratePerSecond: 10 })
  run(500)
  const { length } = fleet.begun
  storm.finish(fleet.nowMs)
  storm.noteClosed(0, true)
  run(500)
  expect(fleet.begun).toHaveLength(length)
  expect(fleet.open).toBe(0)
  expect(storm.isQuiet).toBe(true)
})
