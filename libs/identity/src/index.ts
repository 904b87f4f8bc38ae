export { generateOneTimePassword } from './one-time-password.ts'
export { hashPassword, needsRehash, verifyPassword } from './password.ts'
export { findPasswordProblem, type PasswordProblem } from './password-rules.ts'
export { PasswordsBusyError } from './password-threads.ts'
export {
  generateRecoveryCodes,
  hashRecoveryCode,
  parseRecoveryCode,
  RECOVERY_CODE_COUNT,
  type RecoveryCodeOwner,
} from './recovery-code.ts'
export {
  beginVpnSession,
  checkSessionToken,
  encodeSessionToken,
  issueSessionToken,
  looksLikeSessionToken,
  type SessionBinding,
  type SessionTokenCheck,
  type VpnSession,
} from './session-token.ts'
export { generateTotpSecret, type TotpResult, totpUri, verifyTotp } from './totp.ts'
