import { expect, it } from 'vitest'

import { Pacer } from './pacer.ts'

it.each([0.5, 3, 70, 1000])('lets %d a second pass in the long run, the first at once', (perSecond) => {
  const pacer = new Pacer(perSecond, 0)
  expect(pacer.due(0)).toBe(1)
  let count = 0
  for (let nowMs = 20; nowMs <= 60_000; nowMs += 20) count += pacer.due(nowMs)
  expect(Math.abs(count - 60 * perSecond)).toBeLessThanOrEqual(1)
})

it('does not make up for a long pause, nor for a clock that went back', () => {
  const pacer = new Pacer(10, 0)
  expect(pacer.due(60_000)).toBe(11)
  expect(pacer.due(0)).toBe(0)
})

it('keeps what is given back, up to what a second brings', () => {
  const pacer = new Pacer(10, 0)
  pacer.giveBack(pacer.due(0))
  expect(pacer.due(0)).toBe(1)
  for (let nowMs = 0; nowMs < 60_000; nowMs += 100) pacer.giveBack(pacer.due(nowMs))
  expect(pacer.due(60_000)).toBeLessThanOrEqual(11)
})
