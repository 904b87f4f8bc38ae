import type { LatencySummary } from './latency.ts'
import type { Results } from './results.ts'

type Row = readonly [string, string]

/** Shows results to a person. */
export function resultsTable(results: Results): string {
  const rows = [...connectRows(results), ...laterRows(results), ...trafficRows(results), ...processRows(results)]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join('')
}

function connectRows({ connect, plan, refusals, interrupted }: Results): Row[] {
  const { attempted, connected, seconds, perSecond, timeMs } = connect
  return [
    ...(interrupted ? [['interrupted', 'yes: what follows is what there was'] as const] : []),
    ['clients', `${String(plan.clients)} with ${String(plan.profiles)} profiles, mix ${plan.mix}`],
    ['connected', `${String(connected)} of ${String(attempted)} that tried`],
    ['time for all', `${String(seconds)} s, ${String(perSecond)} a second`],
    ['time to connect', latencyText(timeMs)],
    ...Object.entries(refusals).map(([reason, count]): Row => ['refused', `${String(count)} × ${reason}`]),
  ]
}

function laterRows({ lost, connectedAtEnd, reconnects, renegotiations }: Results): Row[] {
  const { attempted, connected, withToken, timeMs } = reconnects
  return [
    ['connected at the end', String(connectedAtEnd)],
    ...Object.entries(lost).map(([reason, count]): Row => ['lost', `${String(count)} × ${reason}`]),
    ...(attempted === 0
      ? []
      : [
          [
            'came back',
            `${String(connected)} of ${String(attempted)}, ${String(withToken)} with a session token`,
          ] as const,
          ['time to come back', latencyText(timeMs)] as const,
        ]),
    ['renegotiations', String(renegotiations)],
  ]
}

function trafficRows({ traffic, drops, exec }: Results): Row[] {
  const { receivedBytes, receivedPackets, sentBytes, sentPackets, mixes } = traffic
  return [
    ['sent', `${String(sentPackets)} packets, ${bytesText(sentBytes)}`],
    ['received', `${String(receivedPackets)} packets, ${bytesText(receivedBytes)}`],
    ...Object.entries(mixes).map(([kind, values]): Row => [kind, valuesText(values)]),
    ...Object.entries(drops).map(([reason, count]): Row => ['dropped', `${String(count)} × ${reason}`]),
    ...(exec === null
      ? []
      : [['command', `exit code ${String(exec.exitCode ?? 'none')} after ${String(exec.seconds)} s`] as const]),
  ]
}

function processRows({ process: { cpuSeconds, engineCpuSeconds, residentBytes }, seconds }: Results): Row[] {
  const cpu = `${String(cpuSeconds)} s of CPU in ${String(seconds)} s`
  return [
    ['this process', `${cpu}, ${String(engineCpuSeconds)} s of it for packets; ${bytesText(residentBytes)} resident`],
  ]
}

function latencyText({ count, p50, p90, p99, max }: LatencySummary): string {
  if (count === 0) return 'none'
  return `p50 ${msText(p50)}, p90 ${msText(p90)}, p99 ${msText(p99)}, max ${msText(max)}`
}

function msText(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : String(Math.round(ms))} ms`
}

function valuesText(values: Readonly<Record<string, number | LatencySummary>>): string {
  return Object.entries(values)
    .map(([name, value]) => (typeof value === 'number' ? `${name} ${String(value)}` : `${name} ${latencyText(value)}`))
    .join(', ')
}

function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  const power = bytes < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1_000 ** power
  return `${power === 0 ? String(value) : value.toFixed(value < 10 ? 2 : 1)} ${units[power] ?? ''}`
}
