import { afterEach, expect, it, vi } from 'vitest'

import { totpCode, TotpDevice } from './totp.ts'

// RFC 6238 appendix B, SHA-1, the last six of eight digits; the secret is the ASCII text 12345678901234567890.
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'

it.each([
  [59, '287082'],
  [1111111109, '081804'],
  [1234567890, '005924'],
  [20000000000, '353130'],
])('gives the code of RFC 6238 at second %d', (seconds, code) => {
  expect(totpCode(SECRET, seconds * 1000)).toBe(code)
})

afterEach(() => {
  vi.useRealTimers()
})

it('gives the code of now and the next one at once, and then waits until the one after is taken', async () => {
  vi.useFakeTimers({ now: 1_200_000 })
  const device = new TotpDevice(SECRET)
  expect(await device.code()).toBe(totpCode(SECRET, 1_200_000))
  expect(await device.code()).toBe(totpCode(SECRET, 1_230_000))
  let third = ''
  void device.code().then((code) => (third = code))
  await vi.advanceTimersByTimeAsync(29_999)
  expect(third).toBe('')
  await vi.advanceTimersByTimeAsync(1)
  expect(third).toBe(totpCode(SECRET, 1_260_000))
  await vi.advanceTimersByTimeAsync(300_000)
  expect(await device.code()).toBe(totpCode(SECRET, Date.now()))
})
