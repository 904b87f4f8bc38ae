import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { TenantTurns } from './tenant-turns.ts'

const LIMITS = { atOnce: 2, waitingOfTenant: 2, patienceMs: 1000 }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Takes turns and notes who has begun, in that order; nobody but the test ends one. */
class Row {
  readonly began: string[] = []
  readonly refused: string[] = []
  readonly #turns = new TenantTurns(LIMITS)
  readonly #held = new Map<string, Disposable>()

  async take(...names: string[]): Promise<void> {
    for (const name of names) void this.#take(name)
    await vi.advanceTimersByTimeAsync(0)
  }

  async end(name: string): Promise<void> {
    this.#held.get(name)?.[Symbol.dispose]()
    await vi.advanceTimersByTimeAsync(0)
  }

  async #take(name: string): Promise<void> {
    const turn = await this.#turns.take(name.charAt(0))
    if (turn === undefined) this.refused.push(name)
    else {
      this.began.push(name)
      this.#held.set(name, turn)
    }
  }
}

it('serves a few tenants at once, one turn of each, in the order in which they came', async () => {
  const row = new Row()
  await row.take('a1', 'a2', 'b1', 'c1')
  expect(row.began).toEqual(['a1', 'b1'])
  await row.end('b1')
  expect(row.began).toEqual(['a1', 'b1', 'c1'])
  await row.end('a1')
  expect(row.began).toEqual(['a1', 'b1', 'c1', 'a2'])
  expect(row.refused).toEqual([])
})

it('refuses who waited too long, and nobody who was served', async () => {
  const row = new Row()
  await row.take('a1', 'a2')
  await vi.advanceTimersByTimeAsync(LIMITS.patienceMs)
  expect(row.refused).toEqual(['a2'])
  await row.end('a1')
  expect(row.began).toEqual(['a1'])
  await row.take('a3')
  expect(row.began).toEqual(['a1', 'a3'])
})

it('has a tenant that asks too much take its own places only', async () => {
  const row = new Row()
  await row.take('a1', 'a2', 'a3', 'a4', 'b1')
  expect(row.refused).toEqual(['a4'])
  expect(row.began).toEqual(['a1', 'b1'])
})

it('ends a turn once, however often it is said', async () => {
  const row = new Row()
  await row.take('a1', 'a2', 'a3')
  await row.end('a1')
  await row.end('a1')
  expect(row.began).toEqual(['a1', 'a2'])
})
