import { authoriseResponse, DENY_CODES } from '@sallyport/contracts'
import { expect, it } from 'vitest'

import { denial, DENY_MESSAGES } from './denials.ts'
import { endingOf, ENDINGS } from './ending.ts'
import { hostsOf } from './shown-certificate.ts'

const LIVE = {
  tenant: { suspendedAt: null },
  user: { disabledAt: null },
  device: { revokedAt: null },
  endRequestedAt: null,
}

it('says nothing to clients that AUTH_FAILED cannot carry', () => {
  const messages = [...Object.values(DENY_MESSAGES), ...Object.values(ENDINGS).map(({ message }) => message)]
  for (const message of messages) expect(message).toMatch(/^[\x20-\x2b\x2d-\x7e]{1,200}$/)
  expect(Object.keys(DENY_MESSAGES).toSorted()).toEqual([...DENY_CODES, 'declined'].toSorted())
})

it('tells nodes of codes only that those of every version know, and clients the whole reason', () => {
  const told = denial('declined')
  expect(authoriseResponse.parse(told)).toEqual(told)
  expect(told).toMatchObject({ code: 'challenge-expired', message: DENY_MESSAGES.declined })
  expect(denial('wrong-otp')).toMatchObject({ code: 'wrong-otp', message: DENY_MESSAGES['wrong-otp'] })
})

it('says how to give a code to who is not asked for one', () => {
  expect(DENY_MESSAGES['otp-required']).toMatch(/behind your password/)
})

it('ends a live connection for each reason that the database can give, and for none else', () => {
  const at = new Date(0)
  expect(endingOf(LIVE)).toBeUndefined()
  expect(endingOf({ ...LIVE, tenant: { suspendedAt: at } })).toBe(ENDINGS.tenantSuspended)
  expect(endingOf({ ...LIVE, user: { disabledAt: at } })).toBe(ENDINGS.userDisabled)
  expect(endingOf({ ...LIVE, device: { revokedAt: at } })).toBe(ENDINGS.deviceRevoked)
  expect(endingOf({ ...LIVE, endRequestedAt: at })).toBe(ENDINGS.connectionEnded)
})

it('keeps names and addresses of a certificate, and drops what it does not know', () => {
  const subjectAltName = 'DNS:allocator.example.com, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:x:y'
  expect(hostsOf({ subjectAltName })).toEqual(['allocator.example.com', '192.0.2.1', '2001:DB8:0:0:0:0:0:1'])
  expect(hostsOf({ subjectAltName: undefined })).toEqual([])
})
