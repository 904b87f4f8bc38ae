import { readFileSync, rmSync, writeFileSync } from 'node:fs'

import { endStaleProcess } from './stale-process.ts'

/**
 * Writes down which process runs, so that the next run can end it when this one was killed. Number, start time and boot
 * together name one process for ever; a number alone is given again.
 */
export function writeProcessIdentity(file: string, pid: number): void {
  writeFileSync(file, `${String(pid)}\n${identity(pid) ?? ''}\n`, { mode: 0o600 })
}

/** Ends the process that an earlier `writeProcessIdentity` named, if it still runs, and forgets it. */
export async function endWrittenProcess(file: string): Promise<void> {
  try {
    const [pid = '', written = ''] = readFileSync(file, 'utf8').split('\n')
    if (written !== '') await endStaleProcess(Number(pid), () => identity(Number(pid)) === written, 'SIGTERM')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  rmSync(file, { force: true })
}

/** `undefined` when there is no such process, or only a zombie. */
function identity(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8')
    // proc(5): the name in parentheses may hold anything; state is field 3, start time field 22.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z') return undefined
    return `${fields[19] ?? ''}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}`
  } catch {
    return undefined
  }
}
