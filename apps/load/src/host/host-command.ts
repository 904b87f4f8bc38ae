import { spawn } from 'node:child_process'

import { LoadError } from '../load-error.ts'

const MAX_OUTPUT_CHARACTERS = 4_096
const TIMEOUT_MS = 30_000

/** Runs a command without a shell, with `input` as its standard input, and gives its output; throws `LoadError` unless it exits with 0. */
export function runHostCommand(command: readonly [string, ...string[]], input = ''): Promise<string> {
  const [file, ...args] = command
  return new Promise((resolve, reject) => {
    const fail = (output: string, cause?: unknown): void => {
      reject(new LoadError('host-command-failed', `${command.join(' ')}: ${output.trim()}`, { cause }))
    }
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' }
    const child = spawn(file, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env,
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text.slice(0, MAX_OUTPUT_CHARACTERS)))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text.slice(0, MAX_OUTPUT_CHARACTERS)))
    child.on('error', (error) => {
      fail(`cannot be run (${error.message}): install it`, error)
    })
    child.on('close', (code) => {
      if (code === 0) resolve(stdout)
      else fail(stderr || `exit code ${String(code)}`)
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}
