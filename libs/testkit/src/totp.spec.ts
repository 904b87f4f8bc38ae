import { expect, it } from 'vitest'

import { totpCode } from './totp.ts'

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
