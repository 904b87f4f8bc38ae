import { expect, it } from 'vitest'

import { linkMailOf } from './link-mail.ts'

const LINK = {
  to: 'ada@example.com',
  username: 'ada',
  tenantSlug: 'acme',
  tenantName: 'Acme (Berlin)',
  url: 'https://vpn.example.com/link/x.y',
  expiresAt: new Date('2026-11-25T14:05:59Z'),
}

it('tells where, as whom and until when, in plain text of short lines', () => {
  for (const purpose of ['invitation', 'password-reset'] as const) {
    const { to, subject, text } = linkMailOf({ ...LINK, purpose })
    expect(to).toBe('ada@example.com')
    expect(subject).toContain('Acme (Berlin)')
    expect(subject).not.toMatch(/\p{Cc}/u)
    expect(text.split('\n')).toContain('https://vpn.example.com/link/x.y')
    expect(text).toContain('Organisation: acme\nUser name:    ada\n')
    expect(text).toContain('until 2026-11-25 14:05 UTC')
    expect(text).toMatch(/do nothing/)
  }
})
