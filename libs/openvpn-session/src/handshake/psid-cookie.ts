import { ByteWriter, concatBytes } from '@sallyport/foundation'
import { type CryptoSuite, SESSION_ID_BYTES, type SessionId, toSessionId } from '@sallyport/openvpn-wire'

import type { RemoteAddress } from '../remote-address.ts'

/** A key of cookies, 32 bytes or more, with the time from which every server of a cluster is sure to have it. */
export interface CookieKey {
  readonly validFromMs: number
  readonly key: Uint8Array
}

const COOKIE_VERSION = 2
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
 * Picks the key to make cookies with: the newest that is valid, or, where the clock lags behind them all, the one that
 * is valid first. `undefined` when there is none.
 */
export function newestCookieKey(keys: readonly CookieKey[], nowMs: number): Uint8Array | undefined {
  const byAge = keys.toSorted((a, b) => b.validFromMs - a.validFromMs)
  return (byAge.find(({ validFromMs }) => validFromMs <= nowMs) ?? byAge.at(-1))?.key
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
    .u8(remote.transport === 'tcp' ? 1 : 0)
    .u16(remote.localPort)
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

/**
 * Finds the slot that a session id is this client's cookie of: the current one or the two before it, under any key.
 * `undefined` when it is none. Compares in constant time.
 */
export function findCookieSlot(
  suite: CryptoSuite,
  keys: readonly CookieKey[],
  nowMs: number,
  remote: RemoteAddress,
  clientSessionId: SessionId,
  candidate: SessionId,
): number | undefined {
  for (const { key } of keys) {
    for (let age = 0; age <= PREVIOUS_SLOTS; age++) {
      const slot = cookieSlot(nowMs) - age
      if (suite.timingSafeEqual(makeCookie(suite, key, slot, remote, clientSessionId), candidate)) return slot
    }
  }
  return undefined
}
