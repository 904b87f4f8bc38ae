import type { Connection, Device, Tenant, User } from '@sallyport/database'
import { decide, FACTOR_METHODS, type FactorMethod, type LastFactor, type MfaPolicy } from '@sallyport/mfa-policy'

/** What the policy looks at of a live connection. */
export interface PolicedConnection extends Pick<Connection, 'authorisedAt' | 'loginStartedAt' | 'remoteAddress'> {
  readonly user: Pick<User, 'disabledAt' | 'oneTimePassword' | 'factorGraceFrom' | 'totpConfirmedAt'>
  readonly device: Pick<Device, 'revokedAt' | 'factorAt' | 'factorMethod' | 'factorAddress' | 'factorCountry'>
  readonly tenant: Pick<Tenant, 'suspendedAt'>
}

/** The columns that are read of it, and of whom it is. */
export const POLICED = {
  id: true,
  userId: true,
  authorisedAt: true,
  loginStartedAt: true,
  remoteAddress: true,
  user: { select: { disabledAt: true, oneTimePassword: true, factorGraceFrom: true, totpConfirmedAt: true } },
  device: { select: { revokedAt: true, factorAt: true, factorMethod: true, factorAddress: true, factorCountry: true } },
  tenant: { select: { suspendedAt: true } },
} as const

/** Reads the proof of a second factor that a device gave last. */
export function lastFactorOf(
  device: Pick<Device, 'factorAt' | 'factorMethod' | 'factorAddress' | 'factorCountry'>,
): LastFactor | null {
  const { factorAt, factorAddress: address, factorCountry: country } = device
  const method = FACTOR_METHODS.find((name) => name === device.factorMethod)
  return factorAt === null || method === undefined || address === null
    ? null
    : { atMs: factorAt.getTime(), method, address, country }
}

/**
 * Says whether a policy lets a live connection go on, as if it renewed its keys now with the token that it has. One of
 * whose login nothing is noted is taken to have begun with it.
 */
export function goesOn(
  policy: MfaPolicy,
  connection: PolicedConnection,
  { enrolled, nowMs, geoip }: { enrolled: readonly FactorMethod[]; nowMs: number; geoip: boolean },
): boolean {
  const { user, device, tenant, authorisedAt, loginStartedAt, remoteAddress: address } = connection
  const lastFactor = lastFactorOf(device)
  const decision = decide(policy, {
    where: 'vpn',
    phase: 'renegotiation',
    nowMs,
    geoip,
    connectionStartedAtMs: authorisedAt.getTime(),
    webSignIn: false,
    openConnections: 0,
    account: {
      tenantSuspended: tenant.suspendedAt !== null,
      disabled: user.disabledAt !== null,
      mustChangePassword: user.oneTimePassword,
      factorGraceFromMs: user.factorGraceFrom.getTime(),
      enrolled,
    },
    // Where it came from was looked at when it came: it may have moved on since.
    source: { address: lastFactor?.address ?? address, country: lastFactor?.country ?? null },
    device: { revoked: device.revokedAt !== null, certificateExpired: false, isNew: false, lastFactor },
    credential: {
      kind: 'token',
      issuedAtMs: nowMs,
      loginStartedAtMs: (loginStartedAt ?? authorisedAt).getTime(),
      lastRenewedAtMs: nowMs,
    },
  })
  return decision.decision === 'allow'
}
