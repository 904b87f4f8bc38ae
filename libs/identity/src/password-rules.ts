import { isCommonPassword } from './common-passwords.ts'

const MIN_CHARACTERS = 12
const MAX_CHARACTERS = 256
const MIN_DISTINCT_CHARACTERS = 5
/** Shorter user names occur inside ordinary words. */
const MIN_USERNAME_CHARACTERS = 3

/** Why a new password is not taken; `message` is a sentence for the person who chose it. */
export interface PasswordProblem {
  readonly code: 'too-short' | 'too-long' | 'too-common' | 'contains-username'
  readonly message: string
}

/**
 * Judges a new password; `undefined` means that it may be used. Length counts more than kinds of characters
 * (NIST SP 800-63B §5.1.1.2), so there is no rule about digits or signs; passwords that attackers try first are refused.
 */
export function findPasswordProblem(input: { password: string; username: string }): PasswordProblem | undefined {
  const password = input.password.normalize('NFKC').toLowerCase()
  const length = Array.from(password).length
  if (length < MIN_CHARACTERS) {
    return { code: 'too-short', message: `The password must have at least ${String(MIN_CHARACTERS)} characters.` }
  }
  if (length > MAX_CHARACTERS) {
    return { code: 'too-long', message: `The password must have at most ${String(MAX_CHARACTERS)} characters.` }
  }
  const username = input.username.normalize('NFKC').toLowerCase()
  if (username.length >= MIN_USERNAME_CHARACTERS && password.includes(username)) {
    return { code: 'contains-username', message: 'The password must not contain the user name.' }
  }
  if (isCommon(password)) {
    return { code: 'too-common', message: 'The password is among the first that an attacker tries. Choose another.' }
  }
  return undefined
}

function isCommon(password: string): boolean {
  if (new Set(password).size < MIN_DISTINCT_CHARACTERS) return true
  return isCommonPassword(password) || isDigitRun(password)
}

/** `123456789012`, `9876543210987`: every digit is one more or one less than the digit before it. */
function isDigitRun(password: string): boolean {
  if (/\p{L}/u.test(password)) return false
  const digits = Array.from(password.replaceAll(/\D/g, ''), Number)
  const steps = digits.slice(1).map((digit, index) => (digit - (digits[index] ?? 0) + 10) % 10)
  return steps.every((step) => step === 1) || steps.every((step) => step === 9)
}
