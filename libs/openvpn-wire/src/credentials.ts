import { Buffer, isUtf8 } from 'node:buffer'

/** How a session token begins. */
export const SESSION_TOKEN_PREFIX = 'SESS_ID_AT_'
/** Longest session token: clients of the 2.x line keep it in 128 bytes with a NUL. */
export const MAX_SESSION_TOKEN_LENGTH = 127
/** Longest password field that is looked at, static challenge included. */
export const MAX_PASSWORD_LENGTH = 2048

/** What the password field of key method 2 turned out to be. */
export type ParsedCredential =
  | { readonly kind: 'password'; readonly password: string; readonly response: string | undefined }
  | { readonly kind: 'session-token'; readonly token: string }
  | { readonly kind: 'malformed' }

const MALFORMED: ParsedCredential = { kind: 'malformed' }
const STATIC_CHALLENGE_PREFIX = 'SCRV1:'
const TOKEN = /^[A-Za-z0-9+/=_-]+$/

/** Tells a session token, a static-challenge answer and a plain password apart. Lengths are checked before all else. */
export function parseCredential(field: string): ParsedCredential {
  if (field.length > MAX_PASSWORD_LENGTH) return MALFORMED
  if (field.startsWith(SESSION_TOKEN_PREFIX)) return parseSessionToken(field)
  if (field.startsWith(STATIC_CHALLENGE_PREFIX)) return parseStaticChallenge(field)
  return { kind: 'password', password: field, response: undefined }
}

function parseSessionToken(field: string): ParsedCredential {
  if (field.length > MAX_SESSION_TOKEN_LENGTH) return MALFORMED
  return TOKEN.test(field.slice(SESSION_TOKEN_PREFIX.length)) ? { kind: 'session-token', token: field } : MALFORMED
}

function parseStaticChallenge(field: string): ParsedCredential {
  const [password, response, ...more] = field.slice(STATIC_CHALLENGE_PREFIX.length).split(':').map(decodeBase64Text)
  if (password === undefined || response === undefined || more.length > 0) return MALFORMED
  return { kind: 'password', password, response }
}

function decodeBase64Text(text: string): string | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text && isUtf8(bytes) ? bytes.toString('utf8') : undefined
}
