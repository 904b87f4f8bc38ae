import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 50

/** Reads a pid file: the number on its first line; `undefined` when there is no such file or no number in it. */
export function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0])
    return Number.isInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

/** The arguments of a running process; empty when it does not run (a zombie has none either). */
export function processArguments(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8')
      .split('\0')
      .filter((argument) => argument !== '')
  } catch {
    return []
  }
}

/**
 * Ends a process left over by a killed run. `isOurs` sees its arguments again before each signal, because the kernel
 * gives numbers of ended processes to others. Resolves when it has gone; false when there was nothing of ours.
 */
export async function endStaleProcess(
  pid: number,
  isOurs: (args: readonly string[]) => boolean,
  signal: NodeJS.Signals,
  graceMs = 10_000,
): Promise<boolean> {
  const alive = (): boolean => isOurs(processArguments(pid))
  if (!alive()) return false
  process.kill(pid, signal)
  for (let waitedMs = 0; alive(); waitedMs += POLL_MS) {
    if (waitedMs >= graceMs) process.kill(pid, 'SIGKILL')
    await delay(POLL_MS)
  }
  return true
}
