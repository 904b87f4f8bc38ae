import type { AuthoriseResponse, DenyCode } from '@sallyport/contracts'

/** What the user reads for each code: ASCII without commas, because it goes into AUTH_FAILED. */
export const DENY_MESSAGES: Readonly<Record<DenyCode, string>> = {
  'wrong-password': 'The user name or password is not right.',
  'otp-required': 'Please give the code of your authenticator app.',
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
  'profile-too-old': 'Profiles for old clients are not accepted any more. Please download a new one.',
  'certificate-expired': 'The certificate of this device has expired. Please download a new profile.',
  'session-ended': 'Your working session has ended. Please sign in again.',
  'too-many-connections': 'You are connected from as many devices as you may be. Please disconnect one first.',
  'method-not-allowed': 'Your second factor is not accepted any more. Please ask your administrator.',
  'tenant-suspended': 'Your organisation is suspended. Please ask your administrator.',
}

/** Writes a denial with its message. */
export function denial(code: DenyCode): AuthoriseResponse {
  return { decision: 'deny', code, message: DENY_MESSAGES[code] }
}
