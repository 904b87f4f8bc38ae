import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'
import { CONTROL_HEADER_BYTES, type CryptoSuite } from '@sallyport/openvpn-wire'

import type { OpenedWrap, ReplayField, WrapMode } from './wrap-mode.ts'

/** Digests of tls-auth that can be chosen; a client whose profile says nothing uses SHA1. */
export type AuthDigest = 'SHA256' | 'SHA1'

const DIGEST_BYTES: Readonly<Record<AuthDigest, number>> = { SHA256: 32, SHA1: 20 }
const REPLAY_FIELD_BYTES = 8
/** Where the HMAC parts of the two directions begin in a 256-byte key. */
const FIRST_HMAC_OFFSET = 64
const SECOND_HMAC_OFFSET = 192

/** The two keys of one side, one per direction. Views of the 256-byte key. */
export interface TlsAuthKeys {
  readonly digest: AuthDigest
  readonly sealKey: Uint8Array
  readonly openKey: Uint8Array
}

/** Picks the keys of one role, for a profile that says `key-direction 1`: the server signs with the first HMAC part. */
export function tlsAuthKeys(key: Uint8Array, digest: AuthDigest, role: 'server' | 'client'): TlsAuthKeys {
  const part = (offset: number): Uint8Array => key.subarray(offset, offset + DIGEST_BYTES[digest])
  const [first, second] = [part(FIRST_HMAC_OFFSET), part(SECOND_HMAC_OFFSET)]
  return role === 'server' ? { digest, sealKey: first, openKey: second } : { digest, sealKey: second, openKey: first }
}

/** The tls-auth way to wrap. */
export function tlsAuthMode(suite: CryptoSuite, keys: TlsAuthKeys): WrapMode {
  return {
    minPacketBytes: CONTROL_HEADER_BYTES + DIGEST_BYTES[keys.digest] + REPLAY_FIELD_BYTES,
    seal: (header, replay, body) => sealTlsAuth(suite, keys, header, replay, body),
    open: (packet) => openTlsAuth(suite, keys, packet),
  }
}

/** Wraps a control packet: everything stays in clear, and an HMAC stands between the head and the rest. */
export function sealTlsAuth(
  suite: CryptoSuite,
  { digest, sealKey }: TlsAuthKeys,
  header: Uint8Array,
  replay: ReplayField,
  body: Uint8Array,
): Uint8Array {
  const replayBytes = new ByteWriter().u32(replay.id).u32(replay.timeSeconds).finish()
  const tag = hmac(suite, digest, sealKey, [replayBytes, header, body])
  return concatBytes([header, tag, replayBytes, body])
}

/** Opens a wrapped control packet; `undefined` when it is short or not authentic. The body is memory of its own. */
export function openTlsAuth(
  suite: CryptoSuite,
  { digest, openKey }: TlsAuthKeys,
  packet: Uint8Array,
): OpenedWrap | undefined {
  const reader = new ByteReader(packet)
  const header = reader.take(CONTROL_HEADER_BYTES)
  const tag = reader.take(DIGEST_BYTES[digest])
  const replayBytes = reader.take(REPLAY_FIELD_BYTES)
  if (reader.overrun) return undefined
  const body = Uint8Array.from(reader.rest())
  if (!suite.timingSafeEqual(tag, hmac(suite, digest, openKey, [replayBytes, header, body]))) return undefined
  const replay = new ByteReader(replayBytes)
  return { replay: { id: replay.u32(), timeSeconds: replay.u32() }, body }
}

function hmac(suite: CryptoSuite, digest: AuthDigest, key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  return digest === 'SHA256' ? suite.hmacSha256(key, parts) : suite.hmacSha1(key, parts)
}
