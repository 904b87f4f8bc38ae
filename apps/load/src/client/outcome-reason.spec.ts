import type { ClientOutcome } from '@sallyport/openvpn-session'
import { expect, it } from 'vitest'

import { outcomeReason } from './outcome-reason.ts'

const REFUSED = {
  reason: 'refused',
  message: '',
  sessionExpired: false,
  temporary: undefined,
  challenge: undefined,
} as const
const CASES: readonly (readonly [ClientOutcome, string])[] = [
  [REFUSED, 'refused'],
  [{ ...REFUSED, message: 'Wrong password' }, 'refused: Wrong password'],
  [{ ...REFUSED, message: 'busy', temporary: { backoffSeconds: 1, advance: 'no' } }, 'refused for now: busy'],
  [
    { ...REFUSED, challenge: { stateId: '', username: '', prompt: '', echo: false, responseRequired: true } },
    'asks for more than a password',
  ],
  [{ reason: 'halt', message: '' }, 'halt'],
  [{ reason: 'restart', message: 'bye', preserve: false, nextRemote: false }, 'restart: bye'],
  [{ reason: 'tls-failed', code: 'ERR_SSL_X' }, 'tls-failed: ERR_SSL_X'],
  [{ reason: 'peer-gone' }, 'silence'],
  [{ reason: 'server-exit' }, 'server-exit'],
]

it.each(CASES)('names %j', (outcome, reason) => {
  expect(outcomeReason(outcome)).toBe(reason)
})

it('lets no control character and no essay through', () => {
  const reason = outcomeReason({ ...REFUSED, message: `\u001b[31mred\n${'x'.repeat(500)}` })
  expect(reason).toMatch(/^refused: \?\[31mred\?x+$/)
  expect(reason.length).toBeLessThan(120)
})
