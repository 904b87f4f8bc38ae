import { execFileSync } from 'node:child_process'

import { errorCode } from '@sallyport/foundation'

const TIMEOUT_MS = 10_000
const MAX_BYTES = 64 * 1024
const WORD = /"([^"]*)"|'([^']*)'|([^\s"']+)/g

/** What a command printed, or why it cannot be used. */
export type CommandValue = { readonly value: string } | { readonly problem: string }

/**
 * Runs a command and gives what it prints, trimmed. There is no shell: the text is taken apart at spaces, and a part in
 * quotes keeps its own. What it writes to stderr is not kept, because it may contain the secret.
 */
export function valueOfCommand(text: string): CommandValue {
  const [file, ...args] = Array.from(
    text.matchAll(WORD),
    ([, double, single, plain]) => double ?? single ?? plain ?? '',
  )
  if (file === undefined) return { problem: 'names no program' }
  try {
    const value = execFileSync(file, args, {
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
      maxBuffer: MAX_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
    return value === '' ? { problem: `${file} printed nothing` } : { value }
  } catch (error) {
    return { problem: `${file} ${failureOf(error)}` }
  }
}

/** The error's own message has the whole command line in it. */
function failureOf(error: unknown): string {
  const code = errorCode(error)
  if (code === 'ENOENT') return 'is not there'
  if (code === 'EACCES') return 'may not be run'
  if (code === 'ETIMEDOUT') return `did not end within ${String(TIMEOUT_MS / 1000)} s`
  if (code === 'ENOBUFS') return `printed more than ${String(MAX_BYTES / 1024)} KiB`
  const status = error instanceof Error && 'status' in error ? error.status : undefined
  return typeof status === 'number'
    ? `ended with status ${String(status)}; run it by hand to see why`
    : 'was stopped; run it by hand to see why'
}
