import { readFile } from 'node:fs/promises'

import { fieldOf } from '@sallyport/local-services'

import { type Lane, TARGET_ADDRESS } from './lane.ts'

/** `up` is from the client to the private host. */
export type Direction = 'up' | 'down'

/** One iperf3 run: what it carried and what the server's process paid for it. */
export interface Sample {
  /** utime + stime of the whole process per 10⁹ bytes of inner TCP payload that arrived. */
  readonly cpuSecondsPerGb: number
  readonly megabitsPerSecond: number
  /** Segment size of the inner TCP connection, bytes. */
  readonly mss: number
  readonly retransmits: number
}

/** Ticks of utime and stime in /proc/PID/stat; the kernel shows 100 to programs whatever its own rate (proc(5)). */
const TICKS_PER_SECOND = 100

/** Runs one TCP flow through the tunnel for some seconds and reads the server's CPU time before and after. */
export async function measure(lane: Lane, pid: number, direction: Direction, seconds: number): Promise<Sample> {
  const args = ['--client', TARGET_ADDRESS, '--time', String(seconds), '--json']
  const before = await cpuSeconds(pid)
  const output = await lane.client.exec('iperf3', ...args, ...(direction === 'down' ? ['--reverse'] : []))
  const used = (await cpuSeconds(pid)) - before
  const report: unknown = JSON.parse(output)
  const received = fieldOf(fieldOf(report, 'end'), 'sum_received')
  const bytes = numberField(received, 'bytes')
  return {
    cpuSecondsPerGb: used / (bytes / 1e9),
    megabitsPerSecond: numberField(received, 'bits_per_second') / 1e6,
    mss: numberField(fieldOf(report, 'start'), 'tcp_mss_default'),
    retransmits: numberField(fieldOf(fieldOf(report, 'end'), 'sum_sent'), 'retransmits'),
  }
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${String(pid)}/stat`, 'utf8')
  // The name, field 2, may hold anything: what follows its closing parenthesis begins with field 3 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function numberField(value: unknown, name: string): number {
  const found = fieldOf(value, name)
  if (typeof found !== 'number') throw new TypeError(`iperf3 gave no "${name}"`)
  return found
}
