import { expect, it } from 'vitest'

import { TurnList } from './turn-list.ts'

it('serves everybody in turn', () => {
  const list = new TurnList<string>()
  for (const [key, item] of ['a', 'b', 'c'].entries()) list.set(key, item)
  expect(Array.from({ length: 6 }, () => list.next())).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
})

it('forgets who is removed, whoever it is', () => {
  for (const gone of [0, 1, 2]) {
    const list = new TurnList<number>()
    for (const key of [0, 1, 2]) list.set(key, key)
    expect(list.delete(gone)).toBe(gone)
    expect(list.delete(gone)).toBeUndefined()
    expect(list.get(gone)).toBeUndefined()
    const rest = [0, 1, 2].filter((key) => key !== gone)
    expect([...list].sort()).toEqual(rest)
    expect([list.next(), list.next()].sort()).toEqual(rest)
    for (const key of rest) expect(list.get(key)).toBe(key)
  }
  expect(new TurnList().next()).toBeUndefined()
})

it('replaces an item with the same key', () => {
  const list = new TurnList<string>()
  list.set(1, 'old')
  list.set(1, 'new')
  expect([list.size, list.get(1)]).toEqual([1, 'new'])
})
