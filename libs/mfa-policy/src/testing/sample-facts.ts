import type { PasswordFacts, PortalFacts, TokenFacts, VpnFacts } from '../facts.ts'

/** Noon of a Thursday in winter, in UTC. */
export const NOON_MS = Date.UTC(2026, 0, 15, 12)

const RIGHT_PASSWORD: PasswordFacts = { kind: 'password', factor: null }

/** A first connection with the right password, of a user with an authenticator app, from a device that proved nothing. */
export function vpnFacts(changes: Partial<VpnFacts> = {}): VpnFacts {
  const { geoip, account, source, nowMs } = portalFacts(changes.nowMs)
  return {
    where: 'vpn',
    phase: 'initial',
    nowMs,
    geoip,
    account,
    source,
    connectionStartedAtMs: null,
    webSignIn: false,
    openConnections: 0,
    device: { revoked: false, certificateExpired: false, isNew: false, lastFactor: null },
    credential: RIGHT_PASSWORD,
    ...changes,
  }
}

/** A sign-in of the same user with the right password. */
export function portalFacts(nowMs = NOON_MS): PortalFacts {
  return {
    where: 'portal',
    nowMs,
    geoip: true,
    account: {
      tenantSuspended: false,
      disabled: false,
      mustChangePassword: false,
      factorGraceFromMs: nowMs - 365 * 86_400_000,
      enrolled: ['totp'],
    },
    source: { address: '192.0.2.1', country: 'DE' },
    credential: RIGHT_PASSWORD,
  }
}

/** A token of a login that began so long ago, issued when it was renewed last. */
export function tokenFacts(nowMs: number, loginAgeMs: number, tokenAgeMs: number): TokenFacts {
  const issuedAtMs = nowMs - tokenAgeMs
  return { kind: 'token', loginStartedAtMs: nowMs - loginAgeMs, issuedAtMs, lastRenewedAtMs: issuedAtMs }
}
