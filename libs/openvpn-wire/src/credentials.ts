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
  /** The answer to a dynamic challenge; the state is the one that was given with it. */
  | { readonly kind: 'challenge-response'; readonly state: string; readonly response: string }
  | { readonly kind: 'malformed' }

const MALFORMED: ParsedCredential = { kind: 'malformed' }
const STATIC_CHALLENGE_PREFIX = 'SCRV1:'
const CHALLENGE_RESPONSE_PREFIX = 'CRV1::'
const CHALLENGE_RESPONSE = /^([A-Za-z0-9_-]{1,64})::(.*)$/su
/** What graphical clients put into the field when a profile asks for a user name alone. */
const NO_PASSWORD = '[[BLANK]]'
const TOKEN = /^[A-Za-z0-9+/=_-]+$/

/**
 * Tells a session token, the answer to a static or dynamic challenge and a plain password apart. Lengths are checked
 * before all else.
 */
export function parseCredential(field: string): ParsedCredential {
  if (field.length > MAX_PASSWORD_LENGTH) return MALFORMED
  if (field.startsWith(SESSION_TOKEN_PREFIX)) return parseSessionToken(field)
  if (field.startsWith(STATIC_CHALLENGE_PREFIX)) return parseStaticChallenge(field)
  if (field.startsWith(CHALLENGE_RESPONSE_PREFIX)) return parseChallengeAnswer(field)
  return { kind: 'password', password: field === NO_PASSWORD ? '' : field, response: undefined }
}

function parseChallengeAnswer(field: string): ParsedCredential {
  const [, state, response] = CHALLENGE_RESPONSE.exec(field.slice(CHALLENGE_RESPONSE_PREFIX.length)) ?? []
  if (state === undefined || response === undefined) return MALFORMED
  return { kind: 'challenge-response', state, response }
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
