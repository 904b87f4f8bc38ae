import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { SallyportError } from '@sallyport/foundation'

import { CHECKOUT, interruption, runCommand } from './command.ts'
import { countTests } from './test-report.ts'

/** A check that is taken out of the code, and the test that must fail without it. */
interface Mutation {
  readonly name: string
  readonly spec: string
  readonly test: string
}

class MutationsError extends SallyportError {}

await runCommand(async () => {
  const signal = interruption()
  const mutations = await readMutations()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-mutations-'))
  let survivors = 0
  for (const mutation of mutations) {
    if (signal.aborted) break
    const intact = await passes(mutation, undefined, folder)
    const mutated = await passes(mutation, mutation.name, folder)
    const verdict = intact && !mutated ? 'caught' : intact ? 'SURVIVED' : 'the test does not pass at all'
    if (verdict !== 'caught') survivors += 1
    process.stdout.write(`${verdict.padEnd(10)} ${mutation.name}: ${mutation.spec} «${mutation.test}»\n`)
  }
  await rm(folder, { recursive: true })
  process.stdout.write(`${String(mutations.length - survivors)} of ${String(mutations.length)} caught\n`)
  process.exitCode = survivors === 0 && !signal.aborted ? 0 : 1
})

async function readMutations(): Promise<readonly Mutation[]> {
  const list: unknown = JSON.parse(await readFile(join(CHECKOUT, 'test/mutations/mutations.json'), 'utf8'))
  if (!Array.isArray(list) || !list.every(isMutation)) {
    throw new MutationsError('bad-list', 'test/mutations/mutations.json: each entry needs name, spec and test')
  }
  return list
}

function isMutation(value: unknown): value is Mutation {
  if (typeof value !== 'object' || value === null) return false
  const fields: Record<string, unknown> = { ...value }
  return ['name', 'spec', 'test', 'file', 'find', 'replace'].every((field) => typeof fields[field] === 'string')
}

/** Runs one test, with a mutation or without; a name that no test has counts as a failure of the run without. */
async function passes({ spec, test }: Mutation, mutation: string | undefined, folder: string): Promise<boolean> {
  const pattern = test.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const report = join(folder, 'report.json')
  await rm(report, { force: true })
  // The cache of transformed modules does not know of mutations.
  const options = ['--fsModuleCache=false', '--reporter=json', `--outputFile.json=${report}`]
  const child = spawn('vitest', ['run', '--project', 'unit', spec, '-t', pattern, ...options], {
    cwd: CHECKOUT,
    stdio: 'ignore',
    env: { ...process.env, ...(mutation === undefined ? {} : { SALLYPORT_MUTATION: mutation }) },
  })
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const code = await ended
  const text = await readFile(report, 'utf8').catch(() => '{}')
  return code === 0 && countTests(JSON.parse(text)).passed > 0
}
