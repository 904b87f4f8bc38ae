import type { Connection, Device, Tenant, User } from '@sallyport/database'
import {
  decide,
  type Decision,
  FACTOR_METHODS,
  type FactorMethod,
  type LastFactor,
  type MfaPolicy,
  type VpnFacts,
} from '@sallyport/mfa-policy'

/** What the policy looks at of a live connection. */
export interface PolicedConnection extends Pick<Connection, 'authorisedAt' | 'loginStartedAt' | 'remoteAddress'> {
  readonly user: Pick<User, 'disabledAt' | 'oneTimePassword' | 'factorGraceFrom' | 'totpConfirmedAt'>
  readonly device: Pick<
    Device,
    'revokedAt' | 'certificateNotAfter' | 'factorAt' | 'factorMethod' | 'factorAddress' | 'factorCountry'
  >
  readonly tenant: Pick<Tenant, 'suspendedAt'>
}

/** The columns that are read of it, of whom it is, and where its end is to be told. */
export const POLICED = {
  id: true,
  userId: true,
  serviceId: true,
  authorisedAt: true,
  loginStartedAt: true,
  endsAt: true,
  remoteAddress: true,
  user: { select: { disabledAt: true, oneTimePassword: true, factorGraceFrom: true, totpConfirmedAt: true } },
  device: {
    select: {
      revokedAt: true,
      certificateNotAfter: true,
      factorAt: true,
      factorMethod: true,
      factorAddress: true,
      factorCountry: true,
    },
  },
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

/** What else a decision about a live connection depends on. */
export interface Circumstances {
  readonly enrolled: readonly FactorMethod[]
  readonly nowMs: number
  readonly geoip: boolean
}

/**
 * Decides whether a live connection may go on, as if it renewed its keys now with the token that it has. One of whose
 * login nothing is noted is taken to have begun with it.
 */
export function judgeRenewal(policy: MfaPolicy, connection: PolicedConnection, circumstances: Circumstances): Decision {
  const { authorisedAt, loginStartedAt, device } = connection
  const { nowMs } = circumstances
  const facts = factsOf(connection, circumstances)
  return decide(policy, {
    ...facts,
    phase: 'renegotiation',
    connectionStartedAtMs: authorisedAt.getTime(),
    webSignIn: false,
    openConnections: 0,
    // It was let in with this certificate; TLS looks at its end again when keys are renewed.
    device: { ...facts.device, certificateExpired: false },
    // Where it came from was looked at when it came: it may have moved on since.
    source: lastFactorOf(device) ?? facts.source,
    credential: {
      kind: 'token',
      issuedAtMs: nowMs,
      loginStartedAtMs: (loginStartedAt ?? authorisedAt).getTime(),
      lastRenewedAtMs: nowMs,
    },
  })
}

/**
 * Decides whether the login of a live connection may begin anew, as if its device connected now: its user has given the
 * password, and `proven` or no factor, in a browser. `openConnections` are those of the user's other devices.
 */
export function judgeNewLogin(
  policy: MfaPolicy,
  connection: PolicedConnection,
  circumstances: Circumstances & { readonly proven: FactorMethod | null; readonly openConnections: number },
): Decision {
  return decide(policy, {
    ...factsOf(connection, circumstances),
    phase: 'initial',
    connectionStartedAtMs: null,
    webSignIn: true,
    openConnections: circumstances.openConnections,
    credential: { kind: 'password', factor: circumstances.proven },
  })
}

type CommonFacts = Omit<VpnFacts, 'phase' | 'connectionStartedAtMs' | 'webSignIn' | 'openConnections' | 'credential'>

function factsOf(
  { user, device, tenant, remoteAddress }: PolicedConnection,
  { enrolled, nowMs, geoip }: Circumstances,
): CommonFacts {
  return {
    where: 'vpn',
    nowMs,
    geoip,
    account: {
      tenantSuspended: tenant.suspendedAt !== null,
      disabled: user.disabledAt !== null,
      mustChangePassword: user.oneTimePassword,
      factorGraceFromMs: user.factorGraceFrom.getTime(),
      enrolled,
    },
    source: { address: remoteAddress, country: null },
    device: {
      revoked: device.revokedAt !== null,
      certificateExpired: device.certificateNotAfter.getTime() <= nowMs,
      isNew: false,
      lastFactor: lastFactorOf(device),
    },
  }
}
