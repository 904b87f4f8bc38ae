import { expect, it } from 'vitest'

import { generateRecoveryCodes, hashRecoveryCode, parseRecoveryCode, RECOVERY_CODE_COUNT } from './recovery-code.ts'

const ALICE = { tenantId: 'acme', userId: 'alice' }

it('makes ten codes of 60 bits that differ', () => {
  const codes = Array.from({ length: 100 }, () => generateRecoveryCodes()).flat()
  expect(new Set(codes).size).toBe(100 * RECOVERY_CODE_COUNT)
  for (const code of codes) expect(code).toMatch(/^[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$/)
})

it('uses every symbol about as often as any other', () => {
  const counts = new Map<string, number>()
  const symbols = Array.from({ length: 400 }, () => generateRecoveryCodes())
    .flat()
    .join('')
    .replaceAll('-', '')
  for (const symbol of symbols) counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
  expect(counts.size).toBe(32)
  // 1500 of each are expected; seven standard deviations.
  for (const count of counts.values()) expect(Math.abs(count - 1500)).toBeLessThan(270)
})

it.each([
  ['7k2m-x9qd-40ht', 'as it was shown'],
  ['7K2M-X9QD-40HT', 'in capitals'],
  ['7k2mx9qd40ht', 'without hyphens'],
  [' 7k2m x9qd 40ht ', 'with spaces'],
  ['7k2m–x9qd—40ht', 'with the dashes of a word processor'],
  ['7k2m-x9qd-4Oht', 'with the letter O for zero'],
])('reads %s (%s)', (text) => {
  expect(parseRecoveryCode(text)).toBe('7k2mx9qd40ht')
})

it('reads the letters I and L as one', () => {
  expect(parseRecoveryCode('IlL1-2222-3333')).toBe('111122223333')
})

it.each(['', '123456', '7k2m-x9qd-40h', '7k2m-x9qd-40htt', '7k2m-x9qd-40hu', '7k2m_x9qd_40ht'])(
  'takes %j for no recovery code',
  (text) => {
    expect(parseRecoveryCode(text)).toBeUndefined()
  },
)

it('gives one digest for every way to type a code, and another for another code, user or tenant', () => {
  const digest = hashRecoveryCode(ALICE, '7k2m-x9qd-40ht')
  expect(digest).toMatch(/^[0-9a-f]{64}$/)
  expect(hashRecoveryCode(ALICE, '7K2MX9QD4OHT')).toBe(digest)
  const others = [
    hashRecoveryCode(ALICE, '7k2m-x9qd-40hv'),
    hashRecoveryCode({ ...ALICE, userId: 'bob' }, '7k2m-x9qd-40ht'),
    hashRecoveryCode({ ...ALICE, tenantId: 'rival' }, '7k2m-x9qd-40ht'),
    hashRecoveryCode({ tenantId: 'acmea', userId: 'lice' }, '7k2m-x9qd-40ht'),
  ]
  expect(new Set([digest, ...others]).size).toBe(5)
})
