import fc from 'fast-check'

import type { DeviceWish } from '../decide-device.ts'
import type { Facts, LastFactor, PasswordFacts, PortalFacts, TokenFacts, VpnFacts } from '../facts.ts'
import { FACTOR_METHODS, type FactorMethod } from '../policy.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Around the spring's change of clocks in Europe and, a week later, the autumn's on Lord Howe Island. */
export const anyNow = fc
  .tuple(fc.constantFrom(Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 3, 4, 15)), fc.integer({ min: -30, max: 30 }))
  .map(([changeMs, halfHours]) => changeMs + (halfHours * HOUR_MS) / 2)

/** How long ago something was: often at the edge of a limit, sometimes in the future. */
const age = fc
  .tuple(
    fc.constantFrom(-11 * MINUTE_MS, -10 * MINUTE_MS, 0, MINUTE_MS, HOUR_MS, 2 * HOUR_MS, 8 * HOUR_MS, 24 * HOUR_MS),
    fc.constantFrom(-1, 0, 1, 10 * MINUTE_MS),
  )
  .map(([base, more]) => base + more)

const method: fc.Arbitrary<FactorMethod> = fc.constantFrom(...FACTOR_METHODS)
const country = fc.constantFrom('DE', 'DE', 'FR', null)
const address = fc.constantFrom('192.0.2.1', '192.0.2.1', '2001:db8::1')
const rarely = fc.integer({ min: 0, max: 19 }).map((number) => number === 7)

const password: fc.Arbitrary<PasswordFacts> = fc.record({ kind: fc.constant('password'), factor: fc.option(method) })

function tokenAt(nowMs: number): fc.Arbitrary<TokenFacts> {
  return fc.tuple(age, age, age).map(([login, issued, renewed]) => ({
    kind: 'token',
    loginStartedAtMs: nowMs - login,
    issuedAtMs: nowMs - issued,
    lastRenewedAtMs: nowMs - renewed,
  }))
}

function proofAt(nowMs: number): fc.Arbitrary<LastFactor> {
  return fc.record({ atMs: age.map((ageMs) => nowMs - ageMs), method, address, country })
}

function commonAt(nowMs: number): fc.Arbitrary<Pick<Facts, 'nowMs' | 'geoip' | 'account' | 'source'>> {
  return fc.record({
    nowMs: fc.constant(nowMs),
    geoip: fc.boolean(),
    account: fc.record({
      tenantSuspended: rarely,
      disabled: rarely,
      mustChangePassword: rarely,
      factorGraceFromMs: age.map((ageMs) => nowMs - ageMs),
      enrolled: fc.oneof(fc.constant([]), fc.uniqueArray(method)),
    }),
    source: fc.record({ address, country }),
  })
}

function vpnAt(nowMs: number): fc.Arbitrary<VpnFacts> {
  const attempt = fc.record({
    where: fc.constant('vpn' as const),
    phase: fc.constantFrom('initial' as const, 'renegotiation' as const),
    connectionStartedAtMs: fc.option(age.map((ageMs) => nowMs - ageMs)),
    webSignIn: fc.boolean(),
    openConnections: fc.integer({ min: 0, max: 4 }),
    device: fc.record({
      revoked: rarely,
      certificateExpired: rarely,
      isNew: rarely,
      lastFactor: fc.option(proofAt(nowMs), { freq: 5 }),
    }),
    credential: fc.oneof(password, tokenAt(nowMs)),
  })
  return fc.tuple(commonAt(nowMs), attempt).map(([common, own]) => ({ ...common, ...own }))
}

function portalAt(nowMs: number): fc.Arbitrary<PortalFacts> {
  return fc
    .tuple(commonAt(nowMs), password)
    .map(([common, credential]) => ({ ...common, where: 'portal' as const, credential }))
}

/** Any attempt, possible or not. */
export const anyFacts: fc.Arbitrary<Facts> = anyNow.chain((nowMs) =>
  fc.oneof({ weight: 4, arbitrary: vpnAt(nowMs) }, { weight: 1, arbitrary: portalAt(nowMs) }),
)

/** Any attempt of a VPN client. */
export const anyVpnFacts: fc.Arbitrary<VpnFacts> = anyNow.chain(vpnAt)

/** Any wish of a device. */
export const anyWish: fc.Arbitrary<DeviceWish> = fc.oneof(
  fc.record({ kind: fc.constant('add'), nowMs: anyNow, devices: fc.integer({ min: 0, max: 5 }) }),
  fc
    .record({ nowMs: anyNow, revoked: rarely, leftDays: fc.integer({ min: -1, max: 40 }) })
    .map(({ nowMs, revoked, leftDays }) => {
      return { kind: 'renew' as const, nowMs, revoked, certificateEndsAtMs: nowMs + leftDays * 24 * HOUR_MS }
    }),
)
