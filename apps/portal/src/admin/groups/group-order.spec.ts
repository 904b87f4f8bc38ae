import { expect, it } from 'vitest'

import { inOrder, isOvertaken, moved, placeIn } from './group-order.ts'

const LETTERS = ['a', 'b', 'c', 'd']

it.each([
  [0, 1, 'bacd'],
  [3, 2, 'abdc'],
  [0, 3, 'bcda'],
  [0, -1, 'abcd'],
  [3, 9, 'abcd'],
  [9, 0, 'abcd'],
] as const)('moves the item at %d to %d', (from, to, expected) => {
  expect(moved(LETTERS, from, to).join('')).toBe(expected)
})

it('keeps a chosen order when groups come and go meanwhile', () => {
  const own = (name: string): string => name
  expect(inOrder(LETTERS, ['c', 'a', 'b'], own).join('')).toBe('cabd')
  expect(inOrder(['a', 'b'], ['c', 'b', 'a'], own).join('')).toBe('ba')
  expect(inOrder(['a', 'b'], [], own).join('')).toBe('ab')
})

it('tells an order that somebody else has saved from groups that came or went', () => {
  expect(isOvertaken(LETTERS, ['a', 'c', 'd', 'new'])).toBe(false)
  expect(isOvertaken(LETTERS, ['a', 'c', 'b', 'd'])).toBe(true)
  expect(isOvertaken([], LETTERS)).toBe(false)
})

it.each([
  ['1', 1],
  [' 12 ', 12],
  ['999', 135],
  ['0', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
] as const)('reads the place %j', (text, place) => {
  expect(placeIn(text, 135)).toBe(place)
})
