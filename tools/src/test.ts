import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

import { CHECKOUT, runCommand } from './command.ts'
import { countTests, type TestCount } from './test-report.ts'

/** What runs without Node. With sanitizers the packet engine's tests are the same, so that they do not run without. */
const NATIVE_TESTS = [
  { library: 'packet-engine', target: 'test' },
  { library: 'packet-engine', target: 'asan' },
  { library: 'packet-engine', target: 'tsan' },
  { library: 'packet-engine', target: 'replay' },
  { library: 'tls-engine', target: 'test' },
] as const
/** Wait for clients and timers most of the time, and so run beside each other and beside what computes. */
const WAITING_SUITES = ['interop-patient', 'interop'] as const
/** Each has the machine for itself: they compute, or measure. */
const LATER_SUITES = ['integration', 'interop-alone', 'browser'] as const

interface Step {
  readonly name: string
  readonly command: readonly [file: string, ...args: string[]]
  readonly output?: 'shown as it comes' | 'shown when it ends'
  /** It leaves the processors to what runs beside it. */
  readonly givesWay?: boolean
}

await runCommand(async () => {
  const reports = await mkdtemp(join(tmpdir(), 'sallyport-reports-'))
  try {
    report(await everything(reports))
  } finally {
    await rm(reports, { recursive: true })
  }
})

async function everything(reports: string): Promise<readonly TestCount[]> {
  const suite = (name: string, how: Pick<Step, 'output' | 'givesWay'> = {}): Promise<TestCount> =>
    vitest(name, join(reports, `${name}.json`), how)
  const together = await Promise.all([
    inOrder([lint, ...NATIVE_TESTS.map((tests) => () => native(tests)), () => suite('unit', { givesWay: true })]),
    ...WAITING_SUITES.map(async (name) => [await suite(name, { output: 'shown when it ends' })]),
  ])
  return [...together.flat(), ...(await inOrder(LATER_SUITES.map((name) => () => suite(name))))]
}

async function inOrder(steps: readonly (() => Promise<TestCount>)[]): Promise<readonly TestCount[]> {
  const counts: TestCount[] = []
  for (const step of steps) counts.push(await step())
  return counts
}

function report(counts: readonly TestCount[]): void {
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  process.stdout.write(`\n${String(passed)} passed, ${String(failed)} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
}

function lint(): Promise<TestCount> {
  return check({ name: 'lint', command: ['npm', 'run', 'lint'], givesWay: true })
}

function native({ library, target }: { library: string; target: string }): Promise<TestCount> {
  const make = ['make', '-s', `-j${String(availableParallelism())}`, '-C', `libs/${library}/native`, target] as const
  return check({ name: `native tests of ${library} (${target})`, command: make, givesWay: true })
}

/** A step that is right or wrong as a whole counts as one test. */
async function check(step: Step): Promise<TestCount> {
  return (await timed(step)) === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function vitest(suite: string, file: string, how: Pick<Step, 'output' | 'givesWay'>): Promise<TestCount> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const command = ['vitest', 'run', '--project', suite, ...reporters] as const
  const code = await timed({ name: `${suite} tests`, command, ...how })
  const count = countTests(readReport(file))
  // A run that failed with every test passed (an unhandled error, no test at all) is a failure too.
  return code !== 0 && count.failed === 0 ? { passed: count.passed, failed: 1 } : count
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

async function timed({ name, command, output, givesWay = false }: Step): Promise<number> {
  const isLater = output === 'shown when it ends'
  const [file, ...args] = givesWay ? (['nice', ...command] as const) : command
  const title = `\n── ${name}: ${[file, ...args].join(' ')}\n`
  process.stdout.write(isLater ? `\n── ${name}: started; its output follows when it ends\n` : title)
  const startedMs = performance.now()
  const child = spawn(file, args, {
    cwd: CHECKOUT,
    stdio: ['ignore', isLater ? 'pipe' : 'inherit', isLater ? 'pipe' : 'inherit'],
    env: { ...process.env, NX_DAEMON: 'false' },
  })
  const kept: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => kept.push(chunk))
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const code = await ended
  if (isLater) process.stdout.write(Buffer.concat([Buffer.from(title), ...kept]))
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
  process.stdout.write(`── ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`)
  return code ?? 1
}
