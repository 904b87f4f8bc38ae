import type { operations } from '@sallyport/api-client'

import { choiceIn, present } from '../../api/search-params.ts'

/** The numbers of the tenant. */
export type Overview = operations['overviewGet']['responses'][200]['content']['application/json']
/** One piece of the time that the charts show. */
export type Piece = Overview['series'][number]
type Pool = NonNullable<Overview['pools']>[number]

/** Reads what is to be shown from the address of the page. */
export function readOverviewSearch(raw: Readonly<Record<string, unknown>>): { range?: 'week' } {
  return present({ range: choiceIn(raw, 'range', ['week']) })
}

/** Sums a series up. */
export function totalsOf(series: readonly Piece[]): { peak: number; admitted: number; refused: number } {
  const totals = { peak: 0, admitted: 0, refused: 0 }
  for (const { connections, admitted, refused } of series) {
    totals.peak = Math.max(totals.peak, connections)
    totals.admitted += admitted
    totals.refused += refused
  }
  return totals
}

const MOST_STEPS = 4
const STEPS = [1, 2, 5]

/** Gives how high a chart goes whose lines stand on top of each other. */
export function highestOf(
  series: readonly Piece[],
  lines: readonly { readonly key: 'connections' | 'admitted' | 'refused' }[],
): number {
  return Math.max(0, ...series.map((piece) => lines.reduce((sum, { key }) => sum + piece[key], 0)))
}

/** Gives the marks of an axis from nothing to at least a number: whole, as far apart from each other, and few. */
export function ticksUpTo(highest: number): number[] {
  for (let power = 1; ; power *= 10) {
    const step = STEPS.map((factor) => factor * power).find((size) => size * MOST_STEPS >= highest)
    if (step === undefined) continue
    const count = Math.max(1, Math.ceil(highest / step))
    return Array.from({ length: count + 1 }, (_, place) => place * step)
  }
}

/** From these shares of a pool on it is nearly full, or worth a look. */
export const POOL_WARNS_FROM = 0.8
export const POOL_ALARMS_FROM = 0.95

/** How full a pool is; one without addresses is full. */
export function poolStateOf({ size, leased }: Pick<Pool, 'size' | 'leased'>): 'good' | 'filling' | 'full' {
  const share = size === 0 ? 1 : leased / size
  return share >= POOL_ALARMS_FROM ? 'full' : share >= POOL_WARNS_FROM ? 'filling' : 'good'
}

/** Gives the fullest pools first, those with the same share by name. */
export function fullestFirst<Some extends Pick<Pool, 'size' | 'leased' | 'name'>>(pools: readonly Some[]): Some[] {
  const shareOf = ({ size, leased }: Some): number => (size === 0 ? 1 : leased / size)
  return pools.toSorted((one, other) => shareOf(other) - shareOf(one) || one.name.localeCompare(other.name))
}
