import type { AuthoriseResponse, DenyCode } from '@sallyport/contracts'

/** Reasons that only this service tells apart, each with the one that every node knows. */
const TOLD_AS = { declined: 'challenge-expired' } as const satisfies Readonly<Record<string, DenyCode>>

/** Why a connection is denied, as it is written down. */
export type Denial = DenyCode | keyof typeof TOLD_AS

/** What the user reads for each code: ASCII without commas, because it goes into AUTH_FAILED. */
export const DENY_MESSAGES: Readonly<Record<Denial, string>> = {
  'wrong-password': 'The user name or password is not right.',
  'otp-required':
    'Please give the code of your authenticator app. If nothing asks for it type it directly behind your password.',
  'otp-not-enrolled': 'Please sign in to the portal and enrol an authenticator app first.',
  'wrong-otp': 'The code is not right. Please give the one that your app shows now.',
  'otp-reused': 'This code was used before. Please wait for the next one.',
  'password-change-required': 'Please sign in to the portal and choose a password of your own first.',
  'user-disabled': 'Your account is disabled. Please ask your administrator.',
  'device-revoked': 'This device is revoked. Please ask your administrator.',
  'unknown-device': 'This profile is not known any more. Please download a new one.',
  'certificate-mismatch': 'The certificate does not belong to this profile. Please download a new one.',
  'token-expired': 'Your session has ended. Please sign in again.',
  'token-invalid': 'Your session is not valid any more. Please sign in again.',
  'too-many-attempts': 'There were too many attempts. Please wait a while.',
  'challenge-expired': 'This question has expired or was answered before. Please connect again.',
  declined: 'This connection was declined in the browser. Please connect again only if it was you.',
  'profile-too-old': 'Profiles for old clients are not accepted any more. Please download a new one.',
  'certificate-expired': 'The certificate of this device has expired. Please download a new profile.',
  'session-ended': 'Your working session has ended. Please sign in again.',
  'too-many-connections': 'You are connected from as many devices as you may be. Please disconnect one first.',
  'method-not-allowed': 'Your second factor is not accepted any more. Please ask your administrator.',
  'tenant-suspended': 'Your organisation is suspended. Please ask your administrator.',
}

/** Writes a denial with its message: a node of an earlier version hears no code that it does not know. */
export function denial(code: Denial): AuthoriseResponse {
  return { decision: 'deny', code: code === 'declined' ? TOLD_AS[code] : code, message: DENY_MESSAGES[code] }
}
