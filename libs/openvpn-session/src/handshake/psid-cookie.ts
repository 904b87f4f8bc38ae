import { ByteWriter, concatBytes } from '@sallyport/foundation'
import { type CryptoSuite, SESSION_ID_BYTES, type SessionId, toSessionId } from '@sallyport/openvpn-wire'

/** Where a packet came from, as the kernel writes addresses; an IPv4 address is never a mapped IPv6 one. */
export interface RemoteAddress {
  readonly address: string
  readonly port: number
}

const COOKIE_VERSION = 1
const SLOT_MS = 30_000
const PREVIOUS_SLOTS = 2

/** The number of the time slot that cookies are made for now. */
export function cookieSlot(nowMs: number): number {
  return Math.floor(nowMs / SLOT_MS)
}

/** Begin of a slot in Unix seconds. */
export function slotStartSeconds(slot: number): number {
  return (slot * SLOT_MS) / 1000
}

/**
 * Makes the server's session id out of what the client's next packet will show again, so that a server needs no memory
 * of the first one, and any server with the same key can take the next one.
 */
export function makeCookie(
  suite: CryptoSuite,
  key: Uint8Array,
  slot: number,
  remote: RemoteAddress,
  clientSessionId: SessionId,
): SessionId {
  const address = new TextEncoder().encode(remote.address)
  const input = new ByteWriter()
    .u8(COOKIE_VERSION)
    .u32(slot >>> 0)
    .u8(remote.address.includes(':') ? 6 : 4)
    .u8(address.length)
    .append(address)
    .u16(remote.port)
    .append(clientSessionId)
    .finish()
  const mac = suite.hmacSha256(key, [input])
  const cookie = toSessionId(mac.subarray(0, SESSION_ID_BYTES))
  // A session id must not be zero; one MAC in 2^64 begins so, and then its next bytes serve.
  return cookie ?? makeCookie(suite, concatBytes([key, mac]), slot, remote, clientSessionId)
}

/** Says whether a session id is a cookie of the current or the two previous slots for this client. Constant time. */
export function isValidCookie(
  suite: CryptoSuite,
  key: Uint8Array,
  nowMs: number,
  remote: RemoteAddress,
  clientSessionId: SessionId,
  candidate: SessionId,
): boolean {
  let valid = false
  for (let age = 0; age <= PREVIOUS_SLOTS; age++) {
    const cookie = makeCookie(suite, key, cookieSlot(nowMs) - age, remote, clientSessionId)
    if (suite.timingSafeEqual(cookie, candidate)) valid = true
  }
  return valid
}
