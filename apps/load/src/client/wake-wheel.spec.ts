import { expect, it } from 'vitest'

import { type Sleeper, WakeWheel } from './wake-wheel.ts'

function sleeper(onWake: (nowMs: number) => void = () => undefined): Sleeper & { readonly wokenAt: number[] } {
  const wokenAt: number[] = []
  return {
    wokenAt,
    wake(nowMs) {
      wokenAt.push(nowMs)
      onWake(nowMs)
    },
  }
}

it('wakes nobody early and everybody within a slot', () => {
  const wheel = new WakeWheel(20, 1_000_000)
  const sleepers = Array.from({ length: 100 }, (_, index) => ({ atMs: 1_000_000 + index * 7, ...sleeper() }))
  for (const one of sleepers) wheel.set(one, one.atMs)
  for (let nowMs = 1_000_000; nowMs < 1_001_000; nowMs += 5) wheel.advance(nowMs)
  for (const { atMs, wokenAt } of sleepers) {
    expect(wokenAt).toHaveLength(1)
    expect(wokenAt[0]).toBeGreaterThanOrEqual(atMs)
    expect(wokenAt[0]).toBeLessThan(atMs + 25)
  }
  expect(wheel.size).toBe(0)
})

it('keeps the newest time only, and none that was taken away', () => {
  const wheel = new WakeWheel(10, 0)
  const [moved, cancelled] = [sleeper(), sleeper()]
  wheel.set(moved, 50)
  wheel.set(moved, 200)
  wheel.set(cancelled, 50)
  wheel.set(cancelled, undefined)
  wheel.advance(199)
  expect(moved.wokenAt).toEqual([])
  wheel.advance(200)
  expect(moved.wokenAt).toEqual([200])
  expect(cancelled.wokenAt).toEqual([])
})

it('lets the woken cancel each other and set times that have passed', () => {
  const wheel = new WakeWheel(10, 0)
  const second = sleeper()
  const first = sleeper((nowMs) => {
    wheel.set(second, undefined)
    if (first.wokenAt.length < 3) wheel.set(first, nowMs - 1_000)
  })
  wheel.set(first, 10)
  wheel.set(second, 10)
  wheel.advance(10)
  expect(first.wokenAt).toEqual([10])
  wheel.advance(30)
  expect(first.wokenAt).toEqual([10, 30, 30])
  expect(second.wokenAt).toEqual([])
})
