import type { FactorMethod } from './policy.ts'

/** Why an attempt is denied. */
export const DENY_REASONS = [
  'tenant-suspended',
  'user-disabled',
  'device-revoked',
  'certificate-expired',
  'password-change-required',
  /** Its times cannot be. */
  'token-invalid',
  /** Too old, idle for too long, or a proof of the second factor is due. */
  'token-expired',
  /** The login has lasted as long as it may. */
  'session-ended',
  'too-many-connections',
  /** A proof is due, and nobody can be asked during a renegotiation. */
  'otp-required',
  /** No factor that could be asked for here, and no grace. */
  'otp-not-enrolled',
  /** What the user has is not accepted here, and an authenticator app would not be either. */
  'method-not-allowed',
] as const
export type DenyReason = (typeof DENY_REASONS)[number]

/** Why a proof of the second factor is asked for. */
export const ASK_REASONS = [
  /** Every sign-in to the portal. */
  'portal-sign-in',
  /** Every login. */
  'every-connection',
  /** The device has given no proof, or by a method that is not accepted any more. */
  'no-proof',
  /** The proof is older than it may be. */
  'proof-too-old',
  'new-device',
  'address-changed',
  'country-changed',
] as const
export type AskReason = (typeof ASK_REASONS)[number]

/** What is looked at, in this order; a decision lists what it came to. */
export const CHECKS = [
  'tenant',
  'account',
  'device',
  'certificate',
  'password-change',
  'token-times',
  'session-length',
  'token-age',
  'idle',
  'connection-limit',
  'mfa',
  'enrolment',
  'factor',
  'proof',
  'new-device',
  'address',
  'country',
  'question',
] as const
export type CheckName = (typeof CHECKS)[number]

/** What one check came to. `detail` is a code, a number of seconds, a count or a Unix time in milliseconds (`…Ms` of facts). */
export interface Check {
  readonly check: CheckName
  readonly outcome: 'passed' | 'failed' | 'asked' | 'skipped'
  readonly detail?: string | number
}

/** What somebody who has signed in to the portal must do before anything else. */
export type PolicyDuty = 'password-change' | 'factor-enrolment'

/** How an attempt came by the second factor. */
export type FactorState = 'given' | 'remembered' | 'not-needed' | 'in-grace' | 'not-enrolled'

export interface Allow {
  readonly decision: 'allow'
  /** When the login ends, whatever happens: later than now, and at most `sessionSeconds` away. */
  readonly sessionEndsAtMs: number
  /** From when a token or a remembered proof is not enough any more; `null`: until the session ends. */
  readonly askAgainAtMs: number | null
  readonly factor: FactorState
  /** Empty for a VPN connection. */
  readonly duties: readonly PolicyDuty[]
  readonly checks: readonly Check[]
}

export interface Challenge {
  readonly decision: 'challenge'
  /** Never empty; what the user has, the policy accepts and the client can be asked for. */
  readonly methods: readonly FactorMethod[]
  readonly reason: AskReason
  readonly checks: readonly Check[]
}

export interface Deny {
  readonly decision: 'deny'
  readonly reason: DenyReason
  readonly checks: readonly Check[]
}

/** What is to be done with an attempt, and the checks that led there. */
export type Decision = Allow | Challenge | Deny
