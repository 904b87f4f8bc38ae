import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/foundation'

import { CHECKOUT } from '../command.ts'
import { CORPORA } from './corpus.ts'

const NATIVE = join(CHECKOUT, 'libs/packet-engine/native')
const SUFFIX = '_fuzz.cc'
/** What the fuzzer learns; the inputs that reach code of their own are committed. */
const LEARNT = join(CHECKOUT, 'node_modules/.cache/sallyport-fuzz/learnt')
const MAX_INPUT_BYTES = 4096
const TOO_LONG_SECONDS = 10
/** Greedy and by edges alone: a few files that reach what all of them reach. */
const SELECT = ['-set_cover_merge=1', '-use_counters=0']

/** Names of the packet engine's own fuzz targets, which libFuzzer runs. */
export const NATIVE_TARGETS: readonly string[] = readdirSync(join(NATIVE, 'fuzz'))
  .filter((file) => file.endsWith(SUFFIX))
  .map((file) => file.slice(0, -SUFFIX.length))

/** The fuzzers of the engine could not be built or run. */
export class NativeFuzzingError extends SallyportError {}

export interface NativeOptions {
  readonly seconds: number
  readonly seed: number
  /** Folder for inputs that break an invariant. */
  readonly findings: string
  readonly signal: AbortSignal
}

export interface NativeResult {
  readonly runs: string
  readonly finding: { readonly what: string; readonly path: string } | undefined
}

/** Builds the fuzzers by clang with its sanitizers. */
export async function buildNativeTargets(signal: AbortSignal): Promise<void> {
  const { code, output } = await run('make', ['-s', '-j2', '-C', NATIVE, 'fuzz'], signal)
  if (code !== 0 && !signal.aborted)
    throw new NativeFuzzingError('not-built', `the fuzzers cannot be built:\n${output}`)
}

/** Runs one fuzzer for some time; inputs that reach new code join the committed corpus. */
export async function fuzzNatively(name: string, options: NativeOptions): Promise<NativeResult> {
  const { seconds, seed, findings, signal } = options
  const program = join(NATIVE, 'build/fuzz', name)
  const [learnt, corpus, artifacts] = [join(LEARNT, name), join(CORPORA, name), join(findings, name)]
  for (const folder of [learnt, corpus, artifacts]) await mkdir(folder, { recursive: true })
  const limits = [`-max_total_time=${String(Math.ceil(seconds))}`, `-timeout=${String(TOO_LONG_SECONDS)}`]
  const settings = [`-seed=${String(seed)}`, `-max_len=${String(MAX_INPUT_BYTES)}`, `-artifact_prefix=${artifacts}/`]
  const { code, output } = await run(program, [...limits, ...settings, learnt, corpus], signal)
  const runs = /Done (\d+) runs/.exec(output)?.[1] ?? 'some'
  if (code === 0 || signal.aborted) {
    if (!signal.aborted) await run(program, [...SELECT, corpus, learnt], signal)
    return { runs, finding: undefined }
  }
  const path = /Test unit written to (\S+)/.exec(output)?.[1]
  if (path === undefined) throw new NativeFuzzingError('fuzzer-failed', `${name} failed without a finding:\n${output}`)
  return { runs, finding: { what: summary(output), path } }
}

function summary(output: string): string {
  const lines = output.split('\n')
  const telling = [/does not hold/, /runtime error/, /ERROR: AddressSanitizer/, /ERROR: libFuzzer/]
  const found = telling.map((pattern) => lines.find((line) => pattern.test(line)))
  return found.find((line) => line !== undefined)?.trim() ?? 'stopped'
}

async function run(
  file: string,
  args: readonly string[],
  signal: AbortSignal,
): Promise<{ code: number | null; output: string }> {
  // A path of the working directory's would be where libFuzzer leaves its logs.
  const child = spawn(file, args, { cwd: CHECKOUT, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output = `${output}${text}`.slice(-100_000)
    })
  }
  const stop = (): void => {
    child.kill('SIGINT')
  }
  signal.addEventListener('abort', stop)
  const { promise, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  try {
    return { code: await promise, output }
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
