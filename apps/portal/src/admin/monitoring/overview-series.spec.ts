import { expect, it } from 'vitest'

import { fullestFirst, highestOf, poolStateOf, readOverviewSearch, ticksUpTo, totalsOf } from './overview-series.ts'

it('tells of the last day unless the address asks for the week', () => {
  expect(readOverviewSearch({})).toEqual({})
  expect(readOverviewSearch({ range: 'day' })).toEqual({})
  expect(readOverviewSearch({ range: 'week' })).toEqual({ range: 'week' })
})

it('adds up what was admitted and refused, but takes the highest of what was open at once', () => {
  const at = '2026-11-23T00:00:00.000Z'
  const series = [
    { at, connections: 4, admitted: 3, refused: 1 },
    { at, connections: 9, admitted: 6, refused: 0 },
    { at, connections: 2, admitted: 0, refused: 2 },
  ]
  expect(totalsOf(series)).toEqual({ peak: 9, admitted: 9, refused: 3 })
  expect(totalsOf([])).toEqual({ peak: 0, admitted: 0, refused: 0 })
})

it.each([
  [79, 'good'],
  [80, 'filling'],
  [94, 'filling'],
  [95, 'full'],
  [100, 'full'],
] as const)('calls a pool of which %i of 100 addresses are leased %s', (leased, state) => {
  expect(poolStateOf({ size: 100, leased })).toBe(state)
})

it('takes a pool without addresses for full', () => {
  expect(poolStateOf({ size: 0, leased: 0 })).toBe('full')
})

it('shows the fullest pools first', () => {
  const pools = [
    { name: 'b', size: 10, leased: 1 },
    { name: 'c', size: 100, leased: 90 },
    { name: 'a', size: 20, leased: 2 },
  ]
  expect(fullestFirst(pools).map(({ name }) => name)).toEqual(['c', 'a', 'b'])
})

it('marks an axis in whole steps of the same size, up to what it has to show', () => {
  expect([0, 1, 3, 5, 9, 17, 1234].map((highest) => ticksUpTo(highest))).toEqual([
    [0, 1],
    [0, 1],
    [0, 1, 2, 3],
    [0, 2, 4, 6],
    [0, 5, 10],
    [0, 5, 10, 15, 20],
    [0, 500, 1000, 1500],
  ])
})

it('finds how high what stands on top of each other goes', () => {
  const piece = { at: '', connections: 9, admitted: 2, refused: 3 }
  expect(highestOf([piece, { ...piece, refused: 0 }], [{ key: 'admitted' }, { key: 'refused' }])).toBe(5)
  expect(highestOf([], [{ key: 'connections' }])).toBe(0)
})
