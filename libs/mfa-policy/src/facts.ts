import type { FactorMethod } from './policy.ts'

/** The account behind an attempt. */
export interface AccountFacts {
  readonly tenantSuspended: boolean
  readonly disabled: boolean
  /** The password is not the user's own: given out by an administrator, or reset. */
  readonly mustChangePassword: boolean
  /** From when this user's time for enrolment counts: when the account was made, or its factors were reset. */
  readonly factorGraceFromMs: number
  /** What the user could be asked for; `recovery-code` while one is left. */
  readonly enrolled: readonly FactorMethod[]
}

/** A proof of the second factor that is on record for a device. */
export interface LastFactor {
  readonly atMs: number
  readonly method: FactorMethod
  /** In canonical text: addresses are compared as texts. */
  readonly address: string
  /** `null` when it is not known. */
  readonly country: string | null
}

/** The device of a VPN connection. */
export interface DeviceFacts {
  readonly revoked: boolean
  readonly certificateExpired: boolean
  /** It has never been connected. */
  readonly isNew: boolean
  /** The latest proof that this device gave, or that was given for it in the browser. */
  readonly lastFactor: LastFactor | null
}

/** Where an attempt comes from. */
export interface SourceFacts {
  readonly address: string
  readonly country: string | null
}

/** The right password, and what was proven together with it just now. */
export interface PasswordFacts {
  readonly kind: 'password'
  readonly factor: FactorMethod | null
}

/** A session token whose MAC and binding to user, device and certificate are right. */
export interface TokenFacts {
  readonly kind: 'token'
  /** When this token was issued. */
  readonly issuedAtMs: number
  /** When its login began, with a password. */
  readonly loginStartedAtMs: number
  /** When a token of this login was issued last; `issuedAtMs` where only that is known. */
  readonly lastRenewedAtMs: number
}

interface CommonFacts {
  readonly nowMs: number
  /** Whether countries can be known at all: a GeoIP file is configured. */
  readonly geoip: boolean
  readonly account: AccountFacts
  readonly source: SourceFacts
}

/** A sign-in to the portal. */
export interface PortalFacts extends CommonFacts {
  readonly where: 'portal'
  readonly credential: PasswordFacts
}

/** An attempt to connect, or to go on with new keys. */
export interface VpnFacts extends CommonFacts {
  readonly where: 'vpn'
  readonly phase: 'initial' | 'renegotiation'
  /** When the login began of the connection that renegotiates; a password given again makes it no younger. `null` for a first one. */
  readonly connectionStartedAtMs: number | null
  /** Whether the client can open a browser, where any method can be proven. */
  readonly webSignIn: boolean
  /** The user's open connections, without those that this one takes the place of (the same device's). */
  readonly openConnections: number
  readonly device: DeviceFacts
  readonly credential: PasswordFacts | TokenFacts
}

/** All that a decision depends on besides the policy. */
export type Facts = PortalFacts | VpnFacts
