import { spawn } from 'node:child_process'

import type { ExecResult } from './report/results.ts'

/** More addresses than this are in the file only: an environment is bounded (execve(2)). */
const MAX_ADDRESSES = 1_000

/** What a command can know of the connected clients. */
export interface ExecScene {
  readonly interfaceName: string
  /** Inner IPv4 addresses of the connected clients. */
  readonly addresses: readonly string[]
  /** Where all of them are, one a line. */
  readonly addressesFile: string
}

/** The environment that a command gets beside this process's. */
export function execEnvironment({ interfaceName, addresses, addressesFile }: ExecScene): Record<string, string> {
  return {
    LOAD_INTERFACE: interfaceName,
    LOAD_CONNECTED: String(addresses.length),
    LOAD_ADDRESSES: addresses.slice(0, MAX_ADDRESSES).join(' '),
    LOAD_ADDRESSES_FILE: addressesFile,
    LOAD_PID: String(process.pid),
  }
}

/** Runs a command by the shell, with this process's output, until it ends; `signal` ends it with SIGTERM. */
export async function runExec(command: string, scene: ExecScene, signal: AbortSignal): Promise<ExecResult> {
  const startedMs = performance.now()
  const child = spawn('/bin/sh', ['-c', command], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...execEnvironment(scene) },
    // A group of its own, so that what the shell has started ends with it.
    detached: true,
  })
  const stop = (): void => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGTERM')
  }
  signal.addEventListener('abort', stop, { once: true })
  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('error', () => {
      resolve(127)
    })
    child.on('exit', resolve)
  })
  signal.removeEventListener('abort', stop)
  return { exitCode, seconds: Math.round(performance.now() - startedMs) / 1_000 }
}
