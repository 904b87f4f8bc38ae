import { readFile } from 'node:fs/promises'

/** Ticks of utime and stime in /proc/PID/stat; the kernel shows 100 to programs whatever its own rate (proc(5)). */
const TICKS_PER_SECOND = 100

/** CPU time that a process with all its threads has used, user and system, in seconds. */
export async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
  // The name, field 2, may hold anything: what follows its closing parenthesis begins with field 3 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}
