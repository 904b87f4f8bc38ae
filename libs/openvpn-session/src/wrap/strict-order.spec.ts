import { expect, it } from 'vitest'

import { StrictOrder } from './strict-order.ts'

const accepted = (ids: readonly [id: number, timeSeconds: number][]): boolean[] => {
  const order = new StrictOrder()
  return ids.map(([id, timeSeconds]) => order.accept(id, timeSeconds))
}

it('begins with any id but zero and takes each next one once', () => {
  expect(
    accepted([
      [0, 5],
      [0x0f000002, 5],
      [0x0f000003, 5],
      [0x0f000003, 5],
      [0x0f000004, 5],
    ]),
  ).toEqual([false, true, true, false, true])
})

it('refuses gaps and steps back', () => {
  expect(
    accepted([
      [7, 5],
      [9, 5],
      [6, 5],
      [8, 5],
    ]),
  ).toEqual([true, false, false, true])
})

it('begins anew at 1 with a later time, and never with an earlier one', () => {
  expect(
    accepted([
      [0xffffffff, 5],
      [0, 6],
      [2, 6],
      [1, 4],
      [1, 6],
      [2, 6],
    ]),
  ).toEqual([true, false, false, false, true, true])
})
