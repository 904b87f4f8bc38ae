import fc from 'fast-check'
import { expect, it } from 'vitest'

import { ReplayWindow } from './replay-window.ts'

it('refuses number 0, every repetition and what lags too far behind', () => {
  const window = new ReplayWindow()
  expect(window.accept(0, 5)).toBe(false)
  expect(window.accept(1, 5)).toBe(true)
  expect(window.accept(1, 5)).toBe(false)
  expect(window.accept(200, 5)).toBe(true)
  expect(window.accept(72, 5)).toBe(false)
  expect(window.accept(73, 5)).toBe(true)
  expect(window.accept(73, 5)).toBe(false)
})

it('refuses an earlier time and begins anew with a later one', () => {
  const window = new ReplayWindow()
  window.accept(0x0f000001, 100)
  expect(window.accept(0x0f000002, 99)).toBe(false)
  expect(window.accept(1, 101)).toBe(true)
  expect(window.accept(0x0f000002, 100)).toBe(false)
})

it('agrees with a plain list of what was seen', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 300 }), (ids) => {
      const window = new ReplayWindow()
      const seen = new Set<number>()
      for (const id of ids) {
        const expected = !seen.has(id) && Math.max(0, ...seen) - id < 128
        expect(window.accept(id, 1)).toBe(expected)
        if (expected) seen.add(id)
      }
    }),
  )
})

it('works up to the highest number', () => {
  const window = new ReplayWindow()
  expect(window.accept(1, 1)).toBe(true)
  expect(window.accept(0xffffffff, 1)).toBe(true)
  expect(window.accept(0xfffffffe, 1)).toBe(true)
  expect(window.accept(0xffffffff, 1)).toBe(false)
})

it('refuses the lowest number after the highest without counting the numbers between them', () => {
  const window = new ReplayWindow()
  expect(window.accept(0xffffffff, 1)).toBe(true)
  expect(window.accept(1, 1)).toBe(false)
})
