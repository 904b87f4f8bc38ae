import { DEFAULT_POLICY, type FactorMethod, type MfaPolicy } from '@sallyport/mfa-policy'
import { describe, expect, it } from 'vitest'

import { DEVICE, MADE_AT, TENANT, USER } from '../testing/sample-rows.ts'
import { judgeNewLogin, judgeRenewal, lastFactorOf, type PolicedConnection } from './live-decision.ts'

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
  const circumstances = { enrolled, nowMs: NOW_MS, geoip: true }
  return judgeRenewal({ ...DEFAULT_POLICY, ...rules }, connection, circumstances).decision === 'allow'
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

describe('a new login of a live connection', () => {
  const decided = (rules: Partial<MfaPolicy>, change: Partial<Parameters<typeof judgeNewLogin>[2]> = {}): object => {
    const circumstances = { enrolled: ['totp' as const], nowMs: NOW_MS, geoip: true, proven: null, openConnections: 0 }
    return judgeNewLogin({ ...DEFAULT_POLICY, ...rules }, LIVE, { ...circumstances, ...change })
  }

  it('lasts as long as one that begins now, wherever its factor was given', () => {
    const sessionEndsAtMs = NOW_MS + 12 * HOUR_MS
    expect(decided({}, { proven: 'passkey' })).toMatchObject({ decision: 'allow', factor: 'given', sessionEndsAtMs })
    expect(decided({ mfa: 'off' })).toMatchObject({ decision: 'allow', factor: 'not-needed', sessionEndsAtMs })
    // 24 hours after noon, all logins end at eight in the evening.
    const evening = { decision: 'allow', sessionEndsAtMs: NOW_MS + 8 * HOUR_MS }
    expect(decided({ sessionsEndAt: '20:00' }, { proven: 'totp' })).toMatchObject(evening)
  })

  it('is not had for the factor that the login before began with', () => {
    expect(decided({})).toMatchObject({ decision: 'challenge', reason: 'every-connection' })
    expect(decided({ methods: ['totp'] }, { proven: 'recovery-code' })).toMatchObject({ decision: 'challenge' })
    // Where a proof is remembered for hours, who asks for a new login says so.
    expect(decided({ askAgain: { every: 'hours', hours: 8 } })).toMatchObject({
      decision: 'allow',
      factor: 'remembered',
    })
  })

  it('is refused where a new connection of the device would be', () => {
    const proven = 'totp' as const
    expect(decided({ connectionLimit: 2 }, { proven, openConnections: 2 })).toMatchObject({
      decision: 'deny',
      reason: 'too-many-connections',
    })
    const expired = { ...LIVE, device: { ...LIVE.device, certificateNotAfter: new Date(NOW_MS) } }
    const circumstances = { enrolled: [proven], nowMs: NOW_MS, geoip: true, proven, openConnections: 0 }
    expect(judgeNewLogin(DEFAULT_POLICY, expired, circumstances)).toMatchObject({ reason: 'certificate-expired' })
    expect(judgeRenewal(DEFAULT_POLICY, expired, circumstances)).toMatchObject({ decision: 'allow' })
  })
})
