import { expect, it } from 'vitest'

import { createTokenText, isSameDigest, readTokenText } from './api-token-text.ts'

const TENANT = '11111111-2222-4333-8444-555555555555'
const TOKEN = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'

it('reads back what it made, and keeps no secret', () => {
  const { text, secretSha256 } = createTokenText(TENANT, TOKEN)
  expect(readTokenText(text)).toEqual({ tenantId: TENANT, tokenId: TOKEN, secretSha256 })
  expect(text).toMatch(/^sp_[A-Za-z0-9_-]{87}$/)
  expect(createTokenText(TENANT, TOKEN).text).not.toBe(text)
  expect(text).not.toContain(secretSha256)
})

it.each(['', 'sp_', 'Bearer x', `sp_${'a'.repeat(43)}`, `sp_${'a'.repeat(43)}_${'a'.repeat(44)}`])(
  'takes %s for no token',
  (text) => {
    expect(readTokenText(text)).toBeUndefined()
  },
)

it('tells digests apart', () => {
  const { secretSha256 } = createTokenText(TENANT, TOKEN)
  expect(isSameDigest(secretSha256, secretSha256)).toBe(true)
  expect(isSameDigest(secretSha256, createTokenText(TENANT, TOKEN).secretSha256)).toBe(false)
  expect(isSameDigest(secretSha256, '')).toBe(false)
})
