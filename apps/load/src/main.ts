import { open, writeFile } from 'node:fs/promises'

import { describeError } from '@sallyport/foundation'

import { type Command, readArguments, USAGE } from './arguments.ts'
import { hostPortText } from './end-point.ts'
import { LoadError } from './load-error.ts'
import { isComplete } from './report/results.ts'
import { resultsTable } from './report/table.ts'
import { run } from './run.ts'
import { Responder } from './traffic/responder.ts'

const EXIT_CODE = { good: 0, failed: 1, incomplete: 3, interrupted: 130 } as const

try {
  process.exitCode = await perform(readArguments(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`${describeError(error)}\n`)
  process.exitCode = EXIT_CODE.failed
}

async function perform(command: Command): Promise<number> {
  if (command.type === 'help') {
    process.stdout.write(`${USAGE}\n`)
    return EXIT_CODE.good
  }
  const signal = interruption()
  if (command.type === 'serve') {
    await using _responder = await Responder.start(command.listen)
    tell(`listening on ${hostPortText(command.listen)}`)
    await new Promise((resolve) => {
      signal.addEventListener('abort', resolve)
    })
    return EXIT_CODE.good
  }
  const { jsonFile } = command.options
  if (jsonFile !== undefined) await checkJsonFile(jsonFile)
  const results = await run(command.options, tell, signal)
  process.stdout.write(resultsTable(results))
  if (jsonFile !== undefined) await writeJson(jsonFile, results)
  if (results.interrupted) return EXIT_CODE.interrupted
  return isComplete(results) ? EXIT_CODE.good : EXIT_CODE.incomplete
}

/** Aborted by Ctrl-C, SIGTERM or a closed terminal; later ones change nothing, since goodbyes are not interrupted. */
function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      controller.abort()
    })
  }
  return controller.signal
}

/** Before the test, which may be long. */
async function checkJsonFile(file: string): Promise<void> {
  await writing(file, async () => {
    await (await open(file, 'a')).close()
  })
}

async function writeJson(file: string, results: unknown): Promise<void> {
  await writing(file, () => writeFile(file, `${JSON.stringify(results, undefined, 2)}\n`))
}

async function writing(file: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw new LoadError('output', `${file} cannot be written: ${describeError(error)}`, { cause: error })
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`)
}
