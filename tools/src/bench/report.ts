import type { Direction, Sample } from './measure.ts'

/** Samples of both servers in one direction, in the order in which they were taken. */
export interface Series {
  readonly direction: Direction
  readonly ours: readonly Sample[]
  readonly peer: readonly Sample[]
}

/** One line of the machine-readable result. */
export interface BenchResult {
  readonly name: string
  readonly ours: number
  readonly peer: number
  readonly ratio: number
  readonly unit: string
  readonly note: string
}

/** Names of the measurements: one stock client, one direction. */
const NAMES: Readonly<Record<Direction, string>> = { up: 'stock-up-1', down: 'stock-down-1' }
const UNIT = 'CPU s per GB'

/** Reduces a series to medians; `conditions` says what was the same for both servers. */
export function summarise({ direction, ours, peer }: Series, conditions: string): BenchResult {
  const [oursCost, peerCost] = [median(ours.map(cost)), median(peer.map(cost))]
  return {
    name: NAMES[direction],
    ours: round(oursCost),
    peer: round(peerCost),
    ratio: round(oursCost / peerCost),
    unit: UNIT,
    note:
      `medians of ${String(ours.length)} interleaved rounds; ours ${spread(ours)}, peer ${spread(peer)}; ` +
      `inner MSS ours ${String(ours[0]?.mss)} B, peer ${String(peer[0]?.mss)} B; ${conditions}`,
  }
}

/** Writes the results as a table for people. */
export function table(results: readonly BenchResult[]): string {
  const head = ['name', 'ours', 'peer', 'ratio', 'unit']
  const rows = results.map(({ name, ours, peer, ratio, unit }) => [
    name,
    ours.toFixed(2),
    peer.toFixed(2),
    ratio.toFixed(2),
    unit,
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [line(head), ...rows.map(line), ...results.map(({ name, note }) => `${name}: ${note}`), ''].join('\n')
}

/** The middle value; the mean of the two middle ones when there is an even number. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const [low, high] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  if (low === undefined || high === undefined) throw new RangeError('there is no median of nothing')
  return (low + high) / 2
}

function cost(sample: Sample): number {
  return sample.cpuSecondsPerGb
}

function spread(samples: readonly Sample[]): string {
  const costs = samples.map(cost)
  const speed = median(samples.map((sample) => sample.megabitsPerSecond)).toFixed(0)
  const retransmits = median(samples.map((sample) => sample.retransmits)).toFixed(0)
  return `${Math.min(...costs).toFixed(2)}–${Math.max(...costs).toFixed(2)} at ${speed} Mbit/s (${retransmits} retransmits)`
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
