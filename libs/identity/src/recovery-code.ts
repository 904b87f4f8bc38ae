import { createHash, randomBytes } from 'node:crypto'

/** Crockford's base 32: no letter that is taken for a digit, and 256 is a multiple of 32, so that no symbol is likelier. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
/** 12 symbols of 5 bits. */
const SYMBOLS = 12
const GROUP_SYMBOLS = 4
const CODE = /^[0-9a-hjkmnp-tv-z]{12}$/

/** How many codes one set has. */
export const RECOVERY_CODE_COUNT = 10

/** Whose code it is; a digest is worth nothing in another user's row. */
export interface RecoveryCodeOwner {
  readonly tenantId: string
  readonly userId: string
}

/** Makes a set of codes like `7k2m-x9qd-40ht`, each of 60 random bits. */
export function generateRecoveryCodes(): readonly string[] {
  return Array.from({ length: RECOVERY_CODE_COUNT }, generateCode)
}

function generateCode(): string {
  const symbols = [...randomBytes(SYMBOLS)].map((byte) => ALPHABET.charAt(byte % ALPHABET.length)).join('')
  return (symbols.match(new RegExp(`.{${String(GROUP_SYMBOLS)}}`, 'g')) ?? []).join('-')
}

/**
 * Reads a code as somebody typed it: letter case, hyphens and spaces do not matter, and what looks like a digit is one.
 * Gives `undefined` for what cannot be a recovery code; six digits never are one.
 */
export function parseRecoveryCode(text: string): string | undefined {
  const symbols = text
    .toLowerCase()
    .replace(/[\s\p{Pd}]/gu, '')
    .replaceAll('o', '0')
    .replace(/[il]/g, '1')
  return CODE.test(symbols) ? symbols : undefined
}

/**
 * Gives the digest to store for a code, as `parseRecoveryCode` gave it or as it was generated. A plain SHA-256 is enough:
 * the code is random, so that whoever reads the digest has 2^60 values to try for this one user; the slowness of a
 * password hash makes up for passwords that people choose, and these are not chosen.
 */
export function hashRecoveryCode({ tenantId, userId }: RecoveryCodeOwner, code: string): string {
  const symbols = parseRecoveryCode(code) ?? code
  return createHash('sha256')
    .update(JSON.stringify(['recovery code', tenantId, userId, symbols]))
    .digest('hex')
}
