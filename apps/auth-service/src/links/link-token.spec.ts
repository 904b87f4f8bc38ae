import { expect, it } from 'vitest'

import { createLinkToken, parseLinkToken } from './link-token.ts'

const TENANT = '0b6f6a3e-9a5c-4f6d-8a51-7a0c1d2e3f40'

it('reads what it wrote, and never writes the same twice', () => {
  const [first, second] = [createLinkToken(TENANT), createLinkToken(TENANT)]
  expect(first.token).toMatch(/^[\w-]{22}\.[\w-]{43}$/)
  expect(parseLinkToken(first.token)).toEqual({ tenantId: TENANT, secretSha256: first.secretSha256 })
  expect(second.secretSha256).not.toBe(first.secretSha256)
  expect(first.token).not.toContain(first.secretSha256)
})

it.each([
  '',
  '.',
  'a.b',
  `${'A'.repeat(22)}.${'A'.repeat(42)}`,
  `${'A'.repeat(22)}.${'A'.repeat(43)}x`,
  '../../etc/passwd',
])('takes no other text for a link: %s', (text) => {
  expect(parseLinkToken(text)).toBeUndefined()
})
