import { DEFAULT_POLICY, type MfaPolicy } from '@sallyport/mfa-policy'
import { expect, it } from 'vitest'

import { DEVICE, MADE_AT, TENANT, USER } from '../testing/sample-rows.ts'
import { type Present, supposedDecision } from './dry-run.ts'
import { supposedAttempt } from './policy.schemas.ts'

const HOUR_MS = 3_600_000
const NOW_MS = MADE_AT.getTime() + 24 * HOUR_MS
const at = (hours: number): string => new Date(NOW_MS + hours * HOUR_MS).toISOString()
const PRESENT: Present = {
  nowMs: NOW_MS,
  geoip: false,
  countryOf: () => null,
  tenant: TENANT,
  user: USER,
  enrolled: ['totp'],
  device: { ...DEVICE, factorAt: new Date(NOW_MS - HOUR_MS), factorMethod: 'totp', factorAddress: '2001:db8::1' },
  openConnections: 0,
}
const HOURS: Partial<MfaPolicy> = { askAgain: { every: 'hours', hours: 8 } }
const PASSKEY = { credential: { kind: 'password', factor: 'passkey' } }

/** The decision, with its reason if there is one. */
function said(attempt: object, rules: Partial<MfaPolicy> = {}, present: Partial<Present> = {}): string {
  const policy = { ...DEFAULT_POLICY, ...rules }
  const decision = supposedDecision(policy, supposedAttempt.parse(attempt), { ...PRESENT, ...present })
  return decision.decision === 'allow' ? `allow ${decision.factor}` : `${decision.decision} ${decision.reason}`
}

it('takes the present for what is not said', () => {
  expect(said({})).toBe('challenge every-connection')
  expect(said({}, HOURS)).toBe('allow remembered')
  expect(said({}, HOURS, { device: null })).toBe('challenge no-proof')
  expect(said({}, {}, { enrolled: [] })).toBe('deny otp-not-enrolled')
  expect(said({}, { connectionLimit: 2 }, { openConnections: 2 })).toBe('deny too-many-connections')
  expect(said({}, {}, { user: { ...USER, disabledAt: MADE_AT } })).toBe('deny user-disabled')
  expect(said({}, {}, { tenant: { ...TENANT, suspendedAt: MADE_AT } })).toBe('deny tenant-suspended')
})

it('takes what is said for the present', () => {
  expect(said({ at: at(8) }, HOURS)).toBe('challenge proof-too-old')
  expect(said({ at: at(730 * 24) })).toBe('deny certificate-expired')
  expect(said({ enrolled: [] })).toBe('deny otp-not-enrolled')
  expect(said({ lastProof: null }, HOURS)).toBe('challenge no-proof')
  expect(said({ where: 'portal', enrolled: [] })).toBe('allow not-enrolled')
  expect(said({ where: 'portal' })).toBe('challenge portal-sign-in')
})

it('judges a token by its own times', () => {
  const token = (loginHours: number, issuedHours: number): object => ({
    credential: { kind: 'token', loginStartedAt: at(loginHours), issuedAt: at(issuedHours) },
  })
  expect(said(token(-1, -1))).toBe('allow remembered')
  expect(said(token(-13, -1), { mfa: 'off' })).toBe('deny session-ended')
  expect(said(token(-3, -2), { mfa: 'off', tokenSeconds: 3600 })).toBe('deny token-expired')
  expect(said(token(-3, -2), { mfa: 'off', idleSeconds: 3600 })).toBe('deny token-expired')
})

it('compares addresses, however they are written', () => {
  const rules = { ...HOURS, askOnAddressChange: true }
  expect(said({ address: '2001:DB8:0:0::1' }, rules)).toBe('allow remembered')
  expect(said({ address: '2001:db8::2' }, rules)).toBe('challenge address-changed')
  const lastProof = { at: at(-1), method: 'totp', address: '2001:0db8::0002' }
  expect(said({ address: '2001:db8::2', lastProof }, rules)).toBe('allow remembered')
})

it('asks the file for a country that is not said', () => {
  const rules = { ...HOURS, askOnCountryChange: true }
  const known = { geoip: true, countryOf: (address: string) => (address === '192.0.2.1' ? 'DE' : null) }
  const lastProof = { at: at(-1), method: 'totp', address: '192.0.2.1' }
  expect(said({ lastProof }, rules, known)).toBe('allow remembered')
  expect(said({ lastProof, address: '192.0.2.2' }, rules, known)).toBe('challenge country-changed')
  expect(said({ lastProof, address: '192.0.2.2', country: 'DE' }, rules, known)).toBe('allow remembered')
  expect(said({ lastProof, country: null }, rules, known)).toBe('challenge country-changed')
  expect(said({ lastProof: { ...lastProof, country: 'FR' } }, rules, known)).toBe('challenge country-changed')
})

it('lets a browser be opened only where the tenant does, but knows a proof that was given in one', () => {
  const passkeys: Partial<Present> = { enrolled: ['passkey'] }
  const web = { ...passkeys, tenant: { ...TENANT, webSignIn: true } }
  expect(said({ webSignIn: true }, {}, passkeys)).toBe('deny otp-not-enrolled')
  expect(said({ webSignIn: false }, {}, web)).toBe('deny otp-not-enrolled')
  expect(said({ webSignIn: true }, {}, web)).toBe('challenge every-connection')
  expect(said(PASSKEY, {}, web)).toBe('allow given')
})
