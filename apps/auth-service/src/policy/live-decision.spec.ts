import { DEFAULT_POLICY, type FactorMethod, type MfaPolicy } from '@sallyport/mfa-policy'
import { expect, it } from 'vitest'

import { DEVICE, MADE_AT, TENANT, USER } from '../testing/sample-rows.ts'
import { goesOn, lastFactorOf, type PolicedConnection } from './live-decision.ts'

const HOUR_MS = 3_600_000
const NOW_MS = MADE_AT.getTime() + 24 * HOUR_MS
const ago = (hours: number): Date => new Date(NOW_MS - hours * HOUR_MS)

/** A connection of an hour, whose login began with it and a code. */
const LIVE: PolicedConnection = {
  authorisedAt: ago(1),
  loginStartedAt: ago(1),
  remoteAddress: '198.51.100.7',
  user: USER,
  device: { ...DEVICE, factorAt: ago(1), factorMethod: 'totp', factorAddress: '198.51.100.7', factorCountry: 'DE' },
  tenant: TENANT,
}
const BARE: PolicedConnection = { ...LIVE, device: DEVICE }

function isKept(
  rules: Partial<MfaPolicy>,
  connection: PolicedConnection = LIVE,
  enrolled: readonly FactorMethod[] = ['totp'],
): boolean {
  return goesOn({ ...DEFAULT_POLICY, ...rules }, connection, { enrolled, nowMs: NOW_MS, geoip: true })
}

it('keeps a connection whose proof came with its login, and not one without', () => {
  expect(isKept({})).toBe(true)
  expect(isKept({}, BARE)).toBe(false)
  expect(isKept({ mfa: 'off' }, BARE)).toBe(true)
})

it('keeps one that goes on with a login from before it, by the proof of that', () => {
  const resumed = { ...LIVE, authorisedAt: ago(0), loginStartedAt: ago(1) }
  expect(isKept({}, resumed)).toBe(true)
  expect(isKept({}, { ...resumed, loginStartedAt: null })).toBe(false)
  expect(isKept({}, { ...LIVE, loginStartedAt: null })).toBe(true)
})

it('ends a login that has lasted longer than it may, from its beginning', () => {
  const resumed = {
    ...LIVE,
    authorisedAt: ago(0),
    loginStartedAt: ago(3),
    device: { ...LIVE.device, factorAt: ago(3) },
  }
  expect(isKept({ sessionSeconds: 4 * 3600 }, resumed)).toBe(true)
  expect(isKept({ sessionSeconds: 3 * 3600 }, resumed)).toBe(false)
  expect(isKept({ sessionsEndAt: '10:00' }, resumed)).toBe(false)
  expect(isKept({ sessionsEndAt: '08:00' }, resumed)).toBe(true)
})

it('ends by a proof that is too old or of a method that counts no more', () => {
  expect(isKept({ askAgain: { every: 'hours', hours: 2 } })).toBe(true)
  expect(isKept({ askAgain: { every: 'hours', hours: 1 } })).toBe(false)
  expect(isKept({ methods: ['passkey'] })).toBe(false)
})

it('ends who has no factor when one is required, after their time to enrol one', () => {
  expect(isKept({}, BARE, [])).toBe(false)
  expect(isKept({ mfa: 'optional' }, BARE, [])).toBe(true)
  expect(isKept({ enrolmentGraceSeconds: 25 * 3600 }, BARE, [])).toBe(true)
  expect(isKept({ enrolmentGraceSeconds: 24 * 3600 }, BARE, [])).toBe(false)
})

it('does not look at where a connection came from, nor at how many there are', () => {
  const rules = { askOnAddressChange: true, askOnCountryChange: true, askOnNewDevice: true, connectionLimit: 1 }
  expect(isKept(rules, { ...LIVE, remoteAddress: '203.0.113.7' })).toBe(true)
})

it('ends whatever belongs to somebody or something that is not let in at all', () => {
  const off = { mfa: 'off' } as const
  expect(isKept(off, { ...LIVE, user: { ...USER, disabledAt: MADE_AT } })).toBe(false)
  expect(isKept(off, { ...LIVE, user: { ...USER, oneTimePassword: true } })).toBe(false)
  expect(isKept(off, { ...LIVE, device: { ...DEVICE, revokedAt: MADE_AT } })).toBe(false)
  expect(isKept(off, { ...LIVE, tenant: { ...TENANT, suspendedAt: MADE_AT } })).toBe(false)
})

it('reads a proof only when all of it is there and its method is known', () => {
  const whole = { factorAt: MADE_AT, factorMethod: 'passkey', factorAddress: '192.0.2.1', factorCountry: null }
  expect(lastFactorOf(whole)).toEqual({
    atMs: MADE_AT.getTime(),
    method: 'passkey',
    address: '192.0.2.1',
    country: null,
  })
  for (const part of [{ factorAt: null }, { factorMethod: null }, { factorMethod: 'sms' }, { factorAddress: null }]) {
    expect(lastFactorOf({ ...whole, ...part })).toBeNull()
  }
})
