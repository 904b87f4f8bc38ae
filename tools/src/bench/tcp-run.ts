import { setTimeout as delay } from 'node:timers/promises'

import { SallyportError } from '@sallyport/foundation'
import { fieldOf } from '@sallyport/local-services'
import type { Namespace } from '@sallyport/testkit'

import { cpuSeconds } from './cpu-time.ts'
import { TARGET_ADDRESS } from './lane.ts'

export const DIRECTIONS = ['up', 'down'] as const
/** `up` is from the client to the private host. */
export type Direction = (typeof DIRECTIONS)[number]

const ATTEMPTS = 4
const RETRY_MS = 500

class TcpRunError extends SallyportError {}

/** Where a flow of iperf3 begins: a client's namespace, its inner address where there are several, and the server's port. */
export interface FlowEnd {
  readonly namespace: Namespace
  readonly address?: string
  readonly port: number
}

/** Flows of one run together: what they carried and what the server's process paid for it. */
export interface TcpSample {
  /** utime + stime of the whole process per 10⁹ bytes of inner TCP payload that arrived. */
  readonly cpuSecondsPerGb: number
  readonly megabitsPerSecond: number
  /** Segment size of the inner TCP connections, bytes. */
  readonly mss: number
  readonly retransmits: number
}

/** Runs one TCP flow from each end for some seconds and reads the server's CPU time before and after. */
export async function measureTcp(
  pid: number,
  flows: readonly FlowEnd[],
  direction: Direction,
  seconds: number,
): Promise<TcpSample> {
  const before = await cpuSeconds(pid)
  const reports = await Promise.all(flows.map((flow) => runFlow(flow, direction, seconds)))
  const used = (await cpuSeconds(pid)) - before
  const sum = (value: (report: unknown) => number): number => reports.reduce<number>((total, r) => total + value(r), 0)
  const received = (report: unknown): unknown => fieldOf(fieldOf(report, 'end'), 'sum_received')
  return {
    cpuSecondsPerGb: used / (sum((report) => numberField(received(report), 'bytes')) / 1e9),
    megabitsPerSecond: sum((report) => numberField(received(report), 'bits_per_second')) / 1e6,
    mss: numberField(fieldOf(reports[0], 'start'), 'tcp_mss_default'),
    retransmits: sum((report) => numberField(fieldOf(fieldOf(report, 'end'), 'sum_sent'), 'retransmits')),
  }
}

async function runFlow({ namespace, address, port }: FlowEnd, direction: Direction, seconds: number): Promise<unknown> {
  const args = ['--client', TARGET_ADDRESS, '--port', String(port), '--time', String(seconds), '--json']
  if (direction === 'down') args.push('--reverse')
  if (address !== undefined) args.push('--bind', address)
  for (let attempt = 1; ; attempt++) {
    const { stdout } = await namespace.try('iperf3', ...args)
    const report: unknown = JSON.parse(stdout)
    const refused = fieldOf(report, 'error')
    if (refused === undefined) return report
    // The server may still be putting away the flow before.
    if (attempt === ATTEMPTS) throw new TcpRunError('no-flow', `iperf3: ${JSON.stringify(refused)}`)
    await delay(RETRY_MS)
  }
}

function numberField(value: unknown, name: string): number {
  const found = fieldOf(value, name)
  if (typeof found !== 'number') throw new TypeError(`iperf3 gave no "${name}"`)
  return found
}
