import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { createPace } from './pace.ts'

const GAP_MS = 5000

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** Tells after which milliseconds it was let through. */
async function timed(asking: Promise<void>): Promise<number> {
  const begin = performance.now()
  await asking
  return performance.now() - begin
}

it('lets the first asking through at once, and others at the end of the gap', async () => {
  const pace = createPace(GAP_MS)
  const { signal } = new AbortController()
  await pace('day', signal)
  await vi.advanceTimersByTimeAsync(2000)
  const second = timed(pace('day', signal))
  const other = timed(pace('week', signal))
  await vi.advanceTimersByTimeAsync(GAP_MS)
  expect(await other).toBe(0)
  expect(await second).toBe(3000)
})

it('forgets who gives up, and does not make the next one wait longer', async () => {
  const pace = createPace(GAP_MS)
  await pace('day', new AbortController().signal)
  const first = new AbortController()
  const given = expect(pace('day', first.signal)).rejects.toThrow('given up')
  await vi.advanceTimersByTimeAsync(1000)
  first.abort()
  await given
  const next = timed(pace('day', new AbortController().signal))
  await vi.advanceTimersByTimeAsync(GAP_MS)
  expect(await next).toBe(4000)
})
