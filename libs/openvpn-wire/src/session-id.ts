import { equalBytes } from '@sallyport/foundation'

/** Length of a session id on the wire. */
export const SESSION_ID_BYTES = 8

declare const sessionIdBrand: unique symbol

/** The eight bytes by which one side names a TLS session for its whole life, soft resets included; never all zero. */
export type SessionId = Uint8Array & { readonly [sessionIdBrand]: true }

/** Takes a copy of the bytes as a session id; `undefined` when the length is wrong or all bytes are zero. */
export function toSessionId(bytes: Uint8Array): SessionId | undefined {
  const copy = new Uint8Array(bytes)
  return isSessionId(copy) ? copy : undefined
}

/** Compares session ids, which travel in clear and are no secrets. */
export function sameSessionId(left: SessionId, right: Uint8Array): boolean {
  return equalBytes(left, right)
}

function isSessionId(bytes: Uint8Array): bytes is SessionId {
  return bytes.length === SESSION_ID_BYTES && bytes.some((byte) => byte !== 0)
}
