/** One line of the machine-readable result. */
export interface BenchResult {
  readonly name: string
  readonly ours: number
  readonly peer: number
  readonly ratio: number
  readonly unit: string
  readonly note: string
}

/** What both servers paid in the rounds of one measurement, in the order in which they were taken. */
export interface Costs {
  readonly name: string
  readonly unit: string
  readonly ours: readonly number[]
  readonly peer: readonly number[]
  /** What else a reader must know: what was the same for both servers, and what was not. */
  readonly conditions: string
}

/** Reduces the costs of two servers to medians; those of one round are what they are. */
export function compare({ name, unit, ours, peer, conditions }: Costs): BenchResult {
  const [oursCost, peerCost] = [median(ours), median(peer)]
  return {
    name,
    ours: round(oursCost),
    peer: round(peerCost),
    ratio: round(oursCost / peerCost),
    unit,
    note: ours.length === 1 ? conditions : `${medians(ours, peer)}; ${conditions}`,
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

/** The value that so large a share of the values does not exceed, by the nearest rank. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]
  if (found === undefined) throw new RangeError('there is no quantile of nothing')
  return found
}

function medians(ours: readonly number[], peer: readonly number[]): string {
  return `medians of ${String(ours.length)} interleaved rounds; ours ${spread(ours)}, peer ${spread(peer)}`
}

function spread(costs: readonly number[]): string {
  return `${Math.min(...costs).toFixed(2)}–${Math.max(...costs).toFixed(2)}`
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
