import { describeError } from '@sallyport/foundation'

import type { FuzzTarget } from './fuzz-target.ts'
import { type Dice, mutate } from './mutator.ts'

/**
 * What the loop needs of coverage: whether code ran, since either was last asked, that was new to it. A batch and a
 * single run are noted apart, because the counts of many runs show blocks that those of one do not.
 */
export interface FreshCoverage {
  newInBatch(): Promise<boolean>
  newInRun(): Promise<boolean>
}

export interface FuzzOptions {
  readonly seconds: number
  readonly dice: Dice
  readonly coverage: FreshCoverage
  readonly signal: AbortSignal
}

/** An input that broke an invariant, made the target throw, or kept it busy for too long. */
export interface Finding {
  readonly input: Uint8Array
  readonly what: string
}

export interface FuzzResult {
  readonly runs: number
  /** Inputs of this run that reached code which none before had. */
  readonly discoveries: readonly Uint8Array[]
  readonly finding: Finding | undefined
}

/** Coverage is read once for so many inputs, because reading it costs more than running them. */
const BATCH = 256
const TOO_LONG_MS = 1_000

/**
 * Runs mutants of the corpus until the time is over or something is found; a mutant that reaches new code joins the
 * corpus.
 */
export async function fuzz(
  target: FuzzTarget,
  corpus: readonly Uint8Array[],
  options: FuzzOptions,
): Promise<FuzzResult> {
  const { dice, coverage, signal, seconds } = options
  const pool = [...corpus, ...target.seeds()]
  const known = pool.length
  let runs = 0
  const found = pool.map((input) => tryInput(target, input)).find((finding) => finding !== undefined)
  await coverage.newInBatch()
  if (found !== undefined || pool.length === 0) return { runs: known, discoveries: [], finding: found }
  for (const endMs = performance.now() + seconds * 1000; performance.now() < endMs && !signal.aborted;) {
    const batch = Array.from({ length: BATCH }, () => mutate(dice, pick(dice, pool), pick(dice, pool), target.maxBytes))
    for (const input of batch) {
      runs += 1
      const finding = tryInput(target, input)
      if (finding !== undefined) return { runs, discoveries: pool.slice(known), finding }
    }
    if (await coverage.newInBatch()) pool.push(...(await discoverers(target, batch, coverage)))
  }
  return { runs, discoveries: pool.slice(known), finding: undefined }
}

/** Runs an input once; gives what is wrong with it. */
export function tryInput(target: FuzzTarget, input: Uint8Array): Finding | undefined {
  const startMs = performance.now()
  try {
    target.run(Uint8Array.from(input))
  } catch (error) {
    return { input, what: describeError(error) }
  }
  const tookMs = performance.now() - startMs
  return tookMs > TOO_LONG_MS ? { input, what: `took ${tookMs.toFixed(0)} ms` } : undefined
}

/** Runs a batch with new coverage again, one by one: the first input that reaches a piece of code is kept for it. */
async function discoverers(
  target: FuzzTarget,
  batch: readonly Uint8Array[],
  coverage: FreshCoverage,
): Promise<Uint8Array[]> {
  const kept: Uint8Array[] = []
  for (const input of batch) {
    tryInput(target, input)
    if (await coverage.newInRun()) kept.push(input)
  }
  return kept
}

function pick(dice: Dice, pool: readonly Uint8Array[]): Uint8Array {
  return pool[dice.below(pool.length)] ?? new Uint8Array(0)
}
