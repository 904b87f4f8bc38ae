import { describeError } from '@sallyport/foundation'

/** Runs a command: an error ends as one message on stderr and exit code 1. */
export async function runCommand(main: () => Promise<void>): Promise<void> {
  try {
    await main()
  } catch (error) {
    process.stderr.write(`\n${describeError(error)}\n`)
    process.exitCode = 1
  }
}

/**
 * Gives a signal that is aborted by Ctrl-C, SIGTERM or a closed terminal. Later ones change nothing: cleaning up is not
 * interrupted.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      controller.abort(new Error(`stopped by ${signal}`))
    })
  }
  return controller.signal
}

/** Prints what is being done, with the seconds since the start. */
export function progressPrinter(): (message: string) => void {
  const startedMs = performance.now()
  return (message) => {
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1).padStart(5)
    process.stderr.write(`${seconds} s  ${message}\n`)
  }
}

/** Root of the repository. */
export const CHECKOUT = new URL('../..', import.meta.url).pathname
