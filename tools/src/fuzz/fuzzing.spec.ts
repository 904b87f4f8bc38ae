import { SeededRandom } from '@sallyport/testkit'
import { expect, it } from 'vitest'

import type { FuzzTarget } from './fuzz-target.ts'
import { type FreshCoverage, fuzz, tryInput } from './fuzzing.ts'
import { mutate } from './mutator.ts'

/** Fails only at the end of four steps, each of which is code of its own; by chance alone it takes 2^32 tries. */
function labyrinth(): { target: FuzzTarget; coverage: FreshCoverage } {
  let ran: number[] = []
  const target: FuzzTarget = {
    name: 'labyrinth',
    maxBytes: 16,
    seeds: () => [new Uint8Array(4)],
    run: (input) => {
      const depth = [0x53, 0x41, 0x4c, 0x59].findIndex((byte, index) => input[index] !== byte)
      if (depth === -1) throw new Error('found the way out')
      ran.push(depth)
    },
  }
  const look = (seen: Set<number>): Promise<boolean> => {
    const fresh = ran.filter((depth) => !seen.has(depth))
    for (const depth of fresh) seen.add(depth)
    ran = []
    return Promise.resolve(fresh.length > 0)
  }
  const [batches, runs] = [new Set<number>(), new Set<number>()]
  return { target, coverage: { newInBatch: () => look(batches), newInRun: () => look(runs) } }
}

const never = new AbortController().signal

it('finds by coverage what chance would not', async () => {
  const { target, coverage } = labyrinth()
  const result = await fuzz(target, [], { seconds: 30, dice: new SeededRandom(7), coverage, signal: never })
  expect(result.finding?.what).toContain('found the way out')
  expect(result.discoveries.length).toBeGreaterThanOrEqual(3)
})

it('reports an input of the corpus that fails', async () => {
  const { target, coverage } = labyrinth()
  const wayOut = new TextEncoder().encode('SALY')
  const result = await fuzz(target, [wayOut], { seconds: 1, dice: new SeededRandom(7), coverage, signal: never })
  expect(result.finding?.input).toEqual(wayOut)
})

it('reports an input that keeps the target busy', () => {
  const { target } = labyrinth()
  const busy = {
    ...target,
    run: () => {
      const endMs = performance.now() + 1_100
      while (performance.now() < endMs);
    },
  }
  expect(tryInput(busy, new Uint8Array(0))?.what).toMatch(/^took \d+ ms$/)
})

it('keeps mutants within the longest input', () => {
  const random = new SeededRandom(3)
  const input = random.bytes(40)
  for (let round = 0; round < 10_000; round++) {
    expect(mutate(random, input, random.bytes(60), 48).length).toBeLessThanOrEqual(48)
  }
})
