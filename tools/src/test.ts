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
const SUITES = ['unit', 'integration', 'interop'] as const
/** Mostly waits, and so runs beside the native tests. */
const PATIENT_SUITE = 'interop-patient'

type Output = 'shown as it comes' | 'shown when it ends'

await runCommand(async () => {
  const reports = await mkdtemp(join(tmpdir(), 'sallyport-reports-'))
  const counts: TestCount[] = []
  try {
    counts.push(await check('lint', 'npm', ['run', 'lint']))
    const patient = vitest(PATIENT_SUITE, join(reports, `${PATIENT_SUITE}.json`), 'shown when it ends')
    for (const { library, target } of NATIVE_TESTS) {
      const make = ['-s', `-j${String(availableParallelism())}`, '-C', `libs/${library}/native`, target]
      // The compiler gives way to the tunnels of the patient suite.
      counts.push(await check(`native tests of ${library} (${target})`, 'nice', ['make', ...make]))
    }
    counts.push(await patient)
    for (const suite of SUITES) counts.push(await vitest(suite, join(reports, `${suite}.json`)))
  } finally {
    await rm(reports, { recursive: true })
  }
  const passed = counts.reduce((sum, count) => sum + count.passed, 0)
  const failed = counts.reduce((sum, count) => sum + count.failed, 0)
  process.stdout.write(`\n${String(passed)} passed, ${String(failed)} failed\n`)
  process.exitCode = failed === 0 ? 0 : 1
})

/** A step that is right or wrong as a whole counts as one test. */
async function check(name: string, file: string, args: readonly string[]): Promise<TestCount> {
  const code = await timed(name, file, args)
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
}

async function vitest(suite: string, report: string, output: Output = 'shown as it comes'): Promise<TestCount> {
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await timed(`${suite} tests`, 'vitest', ['run', '--project', suite, ...reporters], output)
  const count = countTests(readReport(report))
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

async function timed(
  name: string,
  file: string,
  args: readonly string[],
  output: Output = 'shown as it comes',
): Promise<number> {
  const isLater = output === 'shown when it ends'
  const title = `\n── ${name}: ${file} ${args.join(' ')}\n`
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
