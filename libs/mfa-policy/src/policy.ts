/** Whether a second factor is asked for: of everybody, of who has enrolled one, of nobody. */
export const MFA_MODES = ['required', 'optional', 'off'] as const
export type MfaMode = (typeof MFA_MODES)[number]

/** What can prove a person besides the password. A VPN client can be asked for `totp` itself, for the others in a browser. */
export const FACTOR_METHODS = ['totp', 'passkey', 'recovery-code'] as const
export type FactorMethod = (typeof FACTOR_METHODS)[number]

/** The ways in which a proof of the second factor stays good. */
export const ASK_AGAIN_RHYTHMS = ['connection', 'hours', 'day'] as const

/**
 * For how long a proof is good on the device that gave it: for one login, for so many hours, or until the next time that
 * the clock of the policy's time zone reads `untilLocalTime`.
 */
export type AskAgain =
  | { readonly every: 'connection' }
  | { readonly every: 'hours'; readonly hours: number }
  | { readonly every: 'day'; readonly untilLocalTime: string }

/** The rules of a tenant, whole. Local times are `HH:MM`, from 00:00 to 23:59, in `timeZone`. */
export interface MfaPolicy {
  readonly mfa: MfaMode
  /** At least one. */
  readonly methods: readonly FactorMethod[]
  /** How long a user without any factor comes in although one is required. */
  readonly enrolmentGraceSeconds: number
  /** When `mfa` became `required`, in Unix milliseconds; grace begins no earlier. It always comes from where `mfa` does. */
  readonly requiredSinceMs: number
  readonly askAgain: AskAgain
  /** A device that has not connected before is asked, even if a proof is on record for it. */
  readonly askOnNewDevice: boolean
  /** Asked when the address is not the one from which the proof came. */
  readonly askOnAddressChange: boolean
  /** The same for the country; an unknown country counts as another one. Without a GeoIP file the rule is skipped. */
  readonly askOnCountryChange: boolean
  /** Name in the IANA time zone database. */
  readonly timeZone: string
  /** How long a login lasts at most, from its first authentication. */
  readonly sessionSeconds: number
  /** When all logins end that began before. */
  readonly sessionsEndAt: string | null
  /** A login that was not renewed for so long is over. */
  readonly idleSeconds: number | null
  /** How long a session token is good from when it was issued. */
  readonly tokenSeconds: number
  /** Devices of one user. */
  readonly deviceLimit: number | null
  /** Connections of one user at the same time. */
  readonly connectionLimit: number | null
  readonly deviceCertificateDays: number
  /** From how many days before its certificate's end a device may renew it. */
  readonly deviceRenewalDays: number
}

/** What a group says differently; `requiredSinceMs` only together with `mfa`. */
export type MfaPolicyOverride = Partial<MfaPolicy>

/** The name of one rule. */
export type PolicyField = keyof MfaPolicy

/** What applies to a tenant that said nothing: a code at every connection, working days of at most twelve hours. */
export const DEFAULT_POLICY: MfaPolicy = Object.freeze<MfaPolicy>({
  mfa: 'required',
  methods: FACTOR_METHODS,
  enrolmentGraceSeconds: 0,
  requiredSinceMs: 0,
  askAgain: Object.freeze<AskAgain>({ every: 'connection' }),
  askOnNewDevice: false,
  askOnAddressChange: false,
  askOnCountryChange: false,
  timeZone: 'UTC',
  sessionSeconds: 43_200,
  sessionsEndAt: null,
  idleSeconds: null,
  tokenSeconds: 43_200,
  deviceLimit: null,
  connectionLimit: null,
  deviceCertificateDays: 730,
  deviceRenewalDays: 30,
})

/** Every rule's name, in the order in which a form shows them. */
export const POLICY_FIELDS: readonly PolicyField[] = Object.freeze([
  'mfa',
  'methods',
  'enrolmentGraceSeconds',
  'requiredSinceMs',
  'askAgain',
  'askOnNewDevice',
  'askOnAddressChange',
  'askOnCountryChange',
  'timeZone',
  'sessionSeconds',
  'sessionsEndAt',
  'idleSeconds',
  'tokenSeconds',
  'deviceLimit',
  'connectionLimit',
  'deviceCertificateDays',
  'deviceRenewalDays',
])

const MAX_SESSION_SECONDS = 30 * 86_400

/** Least and greatest value of every number in a policy, all of them whole; `askAgainHours` is `askAgain.hours`. */
export const POLICY_LIMITS = Object.freeze({
  enrolmentGraceSeconds: Object.freeze({ min: 0, max: 365 * 86_400 }),
  requiredSinceMs: Object.freeze({ min: 0, max: 253_402_300_799_999 }),
  askAgainHours: Object.freeze({ min: 1, max: 720 }),
  sessionSeconds: Object.freeze({ min: 60, max: MAX_SESSION_SECONDS }),
  idleSeconds: Object.freeze({ min: 60, max: MAX_SESSION_SECONDS }),
  tokenSeconds: Object.freeze({ min: 60, max: MAX_SESSION_SECONDS }),
  deviceLimit: Object.freeze({ min: 1, max: 1000 }),
  connectionLimit: Object.freeze({ min: 1, max: 1000 }),
  deviceCertificateDays: Object.freeze({ min: 1, max: 3650 }),
  deviceRenewalDays: Object.freeze({ min: 0, max: 3650 }),
})

/** The rules that are numbers and have limits of their own name. */
export type NumberField = Exclude<keyof typeof POLICY_LIMITS, 'askAgainHours'>
