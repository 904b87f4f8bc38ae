import { expect, it } from 'vitest'

import { generateTotpSecret, totpUri, verifyTotp } from './totp.ts'

/** Base 32 of the key "12345678901234567890" of RFC 6238 appendix B; its SHA-1 codes, cut to six digits. */
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
const VECTORS = [
  [59, '287082'],
  [1111111109, '081804'],
  [1111111111, '050471'],
  [1234567890, '005924'],
  [2000000000, '279037'],
  [20000000000, '353130'],
] as const

const NOW_S = 1234567890
const STEP = Math.floor(NOW_S / 30)
const CODE = '005924'
const check = (code: string, lastUsedStep: number | null = null, nowSeconds = NOW_S) =>
  verifyTotp({ secret: SECRET, code, nowMs: nowSeconds * 1000, lastUsedStep })

it.each(['', '00592', '0059240', '00592x', '00 592', '００５９２４', '-05924', '5924'])(
  'takes what is not six digits for a wrong code: %j',
  async (code) => {
    expect(await check(code)).toEqual({ result: 'wrong' })
  },
)

it.each(['005 924', ' 005924', '00 59\u00a024\n'])('takes a code with the spaces that apps show: %j', async (code) => {
  expect(await check(code)).toEqual({ result: 'accepted', step: STEP })
})

it('refuses a code that is more than one step away', async () => {
  expect(await check(CODE, null, NOW_S - 60)).toEqual({ result: 'wrong' })
  expect(await check(CODE, null, NOW_S + 60)).toEqual({ result: 'wrong' })
})

it('tells a code that was used from a wrong one', async () => {
  expect(await check(CODE, STEP)).toEqual({ result: 'reused', step: STEP })
  expect(await check('000000', STEP)).toEqual({ result: 'wrong' })
})

it('counts a code of a step before the last used one as reused', async () => {
  expect(await check(CODE, STEP + 1, NOW_S + 30)).toEqual({ result: 'reused', step: STEP })
})

it('works when the clock was set back behind the last used step', async () => {
  expect(await check(CODE, STEP + 1_000_000)).toEqual({ result: 'reused', step: STEP })
})

it('accepts the current code and those of both neighbouring steps, and tells their step', async () => {
  for (const seconds of [NOW_S, NOW_S - 30, NOW_S + 30]) {
    expect(await check(CODE, STEP - 1, seconds)).toEqual({ result: 'accepted', step: STEP })
  }
})

it.each(VECTORS)('agrees with RFC 6238 at %d seconds', async (seconds, code) => {
  expect(await check(code, null, seconds)).toEqual({ result: 'accepted', step: Math.floor(seconds / 30) })
})

it('makes secrets of 160 bits that are never the same', () => {
  const secrets = Array.from({ length: 50 }, generateTotpSecret)
  for (const secret of secrets) expect(secret).toMatch(/^[A-Z2-7]{32}$/)
  expect(new Set(secrets).size).toBe(50)
})

it('writes a URI that authenticator apps read', () => {
  const uri = new URL(totpUri({ secret: SECRET, issuer: 'Sallyport: Acme & Co', account: 'ada@example.com' }))
  expect(uri.protocol).toBe('otpauth:')
  expect(uri.host).toBe('totp')
  expect(decodeURIComponent(uri.pathname)).toContain('ada@example.com')
  expect(uri.searchParams.get('secret')).toBe(SECRET)
  expect(uri.searchParams.get('issuer')).toBe('Sallyport: Acme & Co')
})
