import { expect, it } from 'vitest'

import { failuresOf, seriesOf, seriesTimeOf } from './time-series.ts'

const NOW = Date.parse('2026-03-29T01:10:00.000Z')
const at = (text: string): Date => new Date(text)

it('lays a day in half hours and a week in three hours, whole in UTC, with the present in the last piece', () => {
  const day = seriesOf(seriesTimeOf('day', NOW), [], [])
  expect([day.length, day[0]?.at, day.at(-1)?.at]).toEqual([48, '2026-03-28T01:30:00.000Z', '2026-03-29T01:00:00.000Z'])
  const week = seriesOf(seriesTimeOf('week', NOW), [], [])
  expect([week.length, week[0]?.at, week.at(-1)?.at]).toEqual([
    56,
    '2026-03-22T03:00:00.000Z',
    '2026-03-29T00:00:00.000Z',
  ])
})

it('keeps pieces in which nothing happened, and all of the same length', () => {
  const series = seriesOf(seriesTimeOf('day', NOW), [], [])
  const steps = series.map((piece, index) => Date.parse(piece.at) - Date.parse(series[index - 1]?.at ?? piece.at))
  expect(new Set(steps.slice(1))).toEqual(new Set([1_800_000]))
  expect(series.every(({ connections, admitted, refused }) => connections + admitted + refused === 0)).toBe(true)
})

it('puts counts into their pieces, and counts a question for a second factor neither as let in nor as refused', () => {
  const piece = at('2026-03-29T00:30:00.000Z')
  const attempts = [
    { at: piece, outcome: 'ok', count: 5 },
    { at: piece, outcome: 'wrong-otp', count: 2 },
    { at: piece, outcome: 'wrong-password', count: 1 },
    { at: piece, outcome: 'challenge-code', count: 9 },
    { at: piece, outcome: 'challenge-web', count: 9 },
  ]
  const series = seriesOf(seriesTimeOf('day', NOW), [{ at: piece, connections: 4 }], attempts)
  expect(series.at(-2)).toEqual({ at: piece.toISOString(), connections: 4, admitted: 5, refused: 3 })
  expect(series.reduce((sum, { refused }) => sum + refused, 0)).toBe(3)
})

it('counts what a node could not equip as refused, and not as let in just before', () => {
  const [piece, next] = [at('2026-03-29T00:30:00.000Z'), at('2026-03-29T01:00:00.000Z')]
  const attempts = [
    { at: piece, outcome: 'ok', count: 5 },
    { at: piece, outcome: 'network-unavailable', count: 2 },
    { at: next, outcome: 'pool-full', count: 1 },
  ]
  const series = seriesOf(seriesTimeOf('day', NOW), [], attempts)
  expect(series.slice(-2)).toMatchObject([
    { admitted: 2, refused: 2 },
    { admitted: 0, refused: 1 },
  ])
  expect(failuresOf(attempts)).toContainEqual({ code: 'network-unavailable', count: 2 })
})

it('names why attempts were refused, the most frequent first, and also codes that it does not know', () => {
  const piece = at('2026-03-29T00:30:00.000Z')
  const other = at('2026-03-29T00:00:00.000Z')
  const counts = [
    { at: piece, outcome: 'wrong-otp', count: 2 },
    { at: other, outcome: 'wrong-otp', count: 3 },
    { at: other, outcome: 'of-a-newer-release', count: 4 },
    { at: other, outcome: 'device-revoked', count: 4 },
    { at: other, outcome: 'ok', count: 40 },
    { at: other, outcome: 'challenge-code', count: 40 },
  ]
  expect(failuresOf(counts)).toEqual([
    { code: 'wrong-otp', count: 5 },
    { code: 'device-revoked', count: 4 },
    { code: 'of-a-newer-release', count: 4 },
  ])
})
