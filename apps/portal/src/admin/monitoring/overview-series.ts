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
