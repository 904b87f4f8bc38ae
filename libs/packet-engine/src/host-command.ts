import { spawn } from 'node:child_process'

import { SallyportError } from '@sallyport/foundation'

/** A command of the host failed (`host-command-failed`); the message holds the command line and what it printed. */
export class HostCommandError extends SallyportError {
  constructor(command: readonly string[], output: string, cause?: unknown) {
    super('host-command-failed', `${command.join(' ')}: ${output.trim()}`, { cause })
  }
}

const MAX_OUTPUT_CHARACTERS = 64 * 1024
/** `ip` and `nft` answer in milliseconds; one that hangs must not hold up everybody who waits for the network. */
const TIMEOUT_MS = 10_000

/**
 * Runs a command without a shell, with `input` as its standard input, and gives its standard output: `ip` and `nft` set up
 * the TUN devices that the engine makes. Rejects with `HostCommandError` unless it exits with 0.
 */
export function runHostCommand(command: readonly [string, ...string[]], input = ''): Promise<string> {
  const [file, ...args] = command
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text.slice(0, MAX_OUTPUT_CHARACTERS)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text.slice(0, MAX_OUTPUT_CHARACTERS)))
    child.on('error', (error) => {
      reject(new HostCommandError(command, `cannot be run (${error.message}): install it`, error))
    })
    child.on('close', (code) => {
      if (code === 0) resolve(stdout)
      else reject(new HostCommandError(command, stderr || stdout || `exit code ${String(code)}`))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** Prefixes a command so that it runs in a network namespace; `undefined` is the process's own. */
export function inNamespace(
  namespace: string | undefined,
  command: readonly [string, ...string[]],
): [string, ...string[]] {
  return namespace === undefined ? [...command] : ['ip', 'netns', 'exec', namespace, ...command]
}
