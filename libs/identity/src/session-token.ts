import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

import type { Secret } from '@sallyport/foundation'

// The layout of OpenVPN's auth-token (`auth-gen-token` in its manual): prefix, then base64 of
// session id (12) ‖ time of login (8) ‖ time of issue (8) ‖ HMAC-SHA256 (32). Times are u64 Unix seconds.
const PREFIX = 'SESS_ID_AT_'
const SESSION_ID_BYTES = 12
const INITIAL_OFFSET = 12
const ISSUED_OFFSET = 20
const MAC_OFFSET = 28
const MAC_BYTES = 32
const TOKEN_BYTES = MAC_OFFSET + MAC_BYTES
/** 60 bytes are exactly 80 characters, so a token never has padding. */
const TOKEN_PATTERN = /^SESS_ID_AT_[A-Za-z0-9+/]{80}$/
const TOKEN_CHARACTERS = PREFIX.length + (TOKEN_BYTES / 3) * 4

const MIN_KEY_BYTES = 32
/** How far in the future a time may lie: clocks are set, and those of two instances differ. */
const CLOCK_TOLERANCE_MS = 600_000

/**
 * What a token is good for: shown with anything else it is invalid. Raising `tokenGeneration` (kept per user) ends every
 * token of that user at once.
 */
export interface SessionBinding {
  readonly tenantId: string
  readonly userId: string
  readonly deviceId: string
  /** Hex SHA-256 of the client certificate's DER: a stolen token alone is worth nothing. */
  readonly certificateSha256: string
  readonly tokenGeneration: number
}

/** A login that goes on: `sessionId` is 16 characters of base64, `initialMs` the time of the login with password. */
export interface VpnSession {
  readonly sessionId: string
  readonly initialMs: number
}

/** Outcome of a check; the fields of `valid` go into `issueSessionToken` as `previous` to renew the token. */
export type SessionTokenCheck =
  ({ readonly result: 'valid'; readonly issuedMs: number } & VpnSession) | { readonly result: 'invalid' }

/** Begins a login: a random session id, and the time in whole seconds, which is all that tokens know. */
export function beginVpnSession(nowMs: number): VpnSession {
  const sessionId = randomBytes(SESSION_ID_BYTES).toString('base64')
  return { sessionId, initialMs: Math.floor(nowMs / 1000) * 1000 }
}

/**
 * Issues a token of 91 characters for a login, or renews one: with `previous` it keeps session id and time of login, so
 * that renewing never lengthens the session. Keys have at least 32 bytes. Times are kept in whole seconds.
 */
export function issueSessionToken(input: {
  key: Secret<Uint8Array>
  binding: SessionBinding
  nowMs: number
  previous?: VpnSession
}): VpnSession & { readonly token: string } {
  const nowSeconds = Math.floor(input.nowMs / 1000)
  const { sessionId, initialMs } = input.previous ?? beginVpnSession(input.nowMs)
  const initialSeconds = Math.floor(initialMs / 1000)
  const token = encodeSessionToken({
    hmacKey: usableKey(input.key),
    binding: encodeBinding(input.binding),
    sessionId: Buffer.from(sessionId, 'base64'),
    initialSeconds,
    issuedSeconds: nowSeconds,
  })
  return { token, sessionId, initialMs: initialSeconds * 1000 }
}

/**
 * Checks that a token which a client showed was issued here for this binding, and gives its times. `keys` are the current
 * key and those before it that still count. Whether the token is too old is the policy's to say. Nothing about it is
 * believed before its MAC was verified.
 */
export function checkSessionToken(input: {
  keys: readonly Secret<Uint8Array>[]
  token: string
  binding: SessionBinding
  nowMs: number
}): SessionTokenCheck {
  const bytes = decodeSessionToken(input.token)
  if (bytes === undefined) return { result: 'invalid' }
  const signed = bytes.subarray(0, MAC_OFFSET)
  const mac = bytes.subarray(MAC_OFFSET)
  const binding = encodeBinding(input.binding)
  const matches = input.keys.filter((key) => timingSafeEqual(macOf(usableKey(key), binding, signed), mac))
  if (matches.length === 0) return { result: 'invalid' }

  const initialMs = Number(signed.readBigUInt64BE(INITIAL_OFFSET)) * 1000
  const issuedMs = Number(signed.readBigUInt64BE(ISSUED_OFFSET)) * 1000
  const latestMs = input.nowMs + CLOCK_TOLERANCE_MS
  if (issuedMs > latestMs || initialMs > Math.min(latestMs, issuedMs + CLOCK_TOLERANCE_MS)) return { result: 'invalid' }
  const sessionId = signed.subarray(0, SESSION_ID_BYTES).toString('base64')
  return { result: 'valid', sessionId, initialMs, issuedMs }
}

/** Says whether a password field holds a session token rather than a password, by its prefix alone. */
export function looksLikeSessionToken(password: string): boolean {
  return password.startsWith(PREFIX)
}

/** Writes the token's layout; `binding` is what the MAC covers before it (in OpenVPN's own tokens the user name). */
export function encodeSessionToken(input: {
  hmacKey: Uint8Array
  binding: Uint8Array
  sessionId: Uint8Array
  initialSeconds: number
  issuedSeconds: number
}): string {
  const bytes = Buffer.alloc(TOKEN_BYTES)
  bytes.set(input.sessionId.subarray(0, SESSION_ID_BYTES), 0)
  bytes.writeBigUInt64BE(BigInt(input.initialSeconds), INITIAL_OFFSET)
  bytes.writeBigUInt64BE(BigInt(input.issuedSeconds), ISSUED_OFFSET)
  bytes.set(macOf(input.hmacKey, input.binding, bytes.subarray(0, MAC_OFFSET)), MAC_OFFSET)
  return PREFIX + bytes.toString('base64')
}

/** The length is checked before anything is decoded: tokens of other lengths have crashed servers. */
function decodeSessionToken(token: string): Buffer | undefined {
  if (token.length !== TOKEN_CHARACTERS || !TOKEN_PATTERN.test(token)) return undefined
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64')
  return bytes.length === TOKEN_BYTES ? bytes : undefined
}

/** Each field is preceded by its length (u16), so that no two bindings have the same bytes. */
function encodeBinding(binding: SessionBinding): Buffer {
  const fields = [
    binding.tenantId,
    binding.userId,
    binding.deviceId,
    binding.certificateSha256,
    String(binding.tokenGeneration),
  ]
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field)
      const length = Buffer.alloc(2)
      length.writeUInt16BE(bytes.length)
      return [length, bytes]
    }),
  )
}

function macOf(hmacKey: Uint8Array, binding: Uint8Array, signed: Uint8Array): Buffer {
  return createHmac('sha256', hmacKey).update(binding).update(signed).digest()
}

function usableKey(key: Secret<Uint8Array>): Uint8Array {
  const bytes = key.reveal()
  if (bytes.length < MIN_KEY_BYTES) throw new RangeError('a session token key must have at least 32 bytes')
  return bytes
}
