import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { SallyportError } from '@sallyport/foundation'
import { SeededRandom } from '@sallyport/testkit'

import { CHECKOUT, interruption, progressPrinter, runCommand } from './command.ts'
import { CodeCoverage } from './fuzz/code-coverage.ts'
import { CORPORA, readCorpus, writeInput } from './fuzz/corpus.ts'
import type { FuzzTarget } from './fuzz/fuzz-target.ts'
import { type Finding, fuzz, tryInput } from './fuzz/fuzzing.ts'
import { buildNativeTargets, fuzzNatively, NATIVE_TARGETS } from './fuzz/native-fuzzing.ts'
import { FUZZ_TARGETS } from './fuzz/targets.ts'

const USAGE = 'usage: npm run fuzz [-- [--seconds SECONDS] [--seed NUMBER] [TARGET …]]'
const DEFAULT_SECONDS = 20
/** Findings are not committed: the mended bug's input is, as part of the corpus. */
const FINDINGS = join(CHECKOUT, 'node_modules/.cache/sallyport-fuzz')

const ALL_TARGETS = [...FUZZ_TARGETS.map(({ name }) => name), ...NATIVE_TARGETS]

type Progress = (message: string) => void

class FuzzUsageError extends SallyportError {}

await runCommand(async () => {
  const options = readArguments()
  const signal = interruption()
  const progress = progressPrinter()
  progress(
    `${String(options.seconds)} s for each of ${String(options.names.length)} targets; seed ${String(options.seed)}`,
  )
  await fuzzScripts(options, progress, signal)
  if (!signal.aborted) await fuzzEngine(options, progress, signal)
})

interface Options {
  /** Of the targets to run. */
  readonly names: readonly string[]
  readonly seconds: number
  readonly seed: number
}

/** Targets in TypeScript. */
async function fuzzScripts({ names, seconds, seed }: Options, progress: Progress, signal: AbortSignal): Promise<void> {
  const random = new SeededRandom(seed)
  await using coverage = new CodeCoverage((url) => url.startsWith('file:') && url.includes('/libs/'))
  await coverage.start()
  for (const target of FUZZ_TARGETS.filter(({ name }) => names.includes(name))) {
    if (signal.aborted) break
    const corpus = await readCorpus(target.name)
    const result = await fuzz(target, corpus, { seconds, dice: random, coverage, signal })
    for (const input of [...target.seeds(), ...result.discoveries]) await writeInput(target.name, input)
    const news = `${String(result.discoveries.length)} new inputs in ${join(CORPORA, target.name)}`
    progress(`${target.name}: ${String(result.runs)} runs, ${result.discoveries.length === 0 ? 'nothing new' : news}`)
    if (result.finding !== undefined) await report(target, result.finding)
  }
}

/** Targets in C++. */
async function fuzzEngine({ names, seconds, seed }: Options, progress: Progress, signal: AbortSignal): Promise<void> {
  const targets = NATIVE_TARGETS.filter((name) => names.includes(name))
  if (targets.length === 0) return
  progress('building the packet engine with clang and its sanitizers')
  await buildNativeTargets(signal)
  for (const name of targets) {
    if (signal.aborted) break
    const { runs, finding } = await fuzzNatively(name, { seconds, seed, findings: FINDINGS, signal })
    progress(`${name}: ${runs} runs`)
    if (finding !== undefined) tell(name, finding.what, finding.path)
  }
}

async function report(target: FuzzTarget, finding: Finding): Promise<void> {
  const path = await writeInput(target.name, shortened(target, finding), FINDINGS)
  tell(target.name, finding.what, path)
}

function tell(target: string, what: string, input: string): void {
  process.stdout.write(`${target}: ${what}\ninput: ${input}\n`)
  process.exitCode = 1
}

/** Cuts off the end of an input as far as the finding stays the same. */
function shortened(target: FuzzTarget, { input, what }: Finding): Uint8Array {
  let shortest = input
  while (shortest.length > 0) {
    const shorter = shortest.subarray(0, shortest.length - 1)
    if (tryInput(target, shorter)?.what !== what) break
    shortest = shorter
  }
  return shortest
}

function readArguments(): Options {
  try {
    const options = { seconds: { type: 'string' }, seed: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const seconds = positiveNumber('--seconds', values.seconds ?? String(DEFAULT_SECONDS))
    const seed = positiveNumber('--seed', values.seed ?? String(1 + (Date.now() % 0xffffffff)))
    return { names: positionals.length === 0 ? ALL_TARGETS : positionals.map(known), seconds, seed }
  } catch (error) {
    if (error instanceof SallyportError) throw error
    throw new FuzzUsageError('bad-arguments', `${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}

function positiveNumber(option: string, text: string): number {
  const number = Number(text)
  if (number > 0 && Number.isFinite(number)) return number
  throw new FuzzUsageError('bad-arguments', `${option} is a number above 0, not ${text}\n${USAGE}`)
}

function known(name: string): string {
  if (ALL_TARGETS.includes(name)) return name
  throw new FuzzUsageError('unknown-target', `there is no target ${name}: there are ${ALL_TARGETS.join(', ')}`)
}
