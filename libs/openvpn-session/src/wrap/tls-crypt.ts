import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'
import { CONTROL_HEADER_BYTES, type CryptoSuite } from '@sallyport/openvpn-wire'

import type { OpenedWrap, ReplayField, WrapMode } from './wrap-mode.ts'

const REPLAY_FIELD_BYTES = 8
const TAG_BYTES = 32
const COUNTER_BLOCK_BYTES = 16
const KEY_BYTES = 32
const KEY_PART_BYTES = 64

/** Shortest wrapped packet: head, replay field and tag around nothing. */
export const MIN_TLS_CRYPT_BYTES = CONTROL_HEADER_BYTES + REPLAY_FIELD_BYTES + TAG_BYTES

/** The four keys of one side: one pair per direction. Views of the 256-byte key. */
export interface TlsCryptKeys {
  readonly sealCipherKey: Uint8Array
  readonly sealHmacKey: Uint8Array
  readonly openCipherKey: Uint8Array
  readonly openHmacKey: Uint8Array
}

/** Picks the keys of one role from a 256-byte key: the server seals with its first half, the client with its second. */
export function tlsCryptKeys(key: Uint8Array, role: 'server' | 'client'): TlsCryptKeys {
  const part = (index: number): Uint8Array => key.subarray(index * KEY_PART_BYTES, index * KEY_PART_BYTES + KEY_BYTES)
  const first = { cipher: part(0), hmac: part(1) }
  const second = { cipher: part(2), hmac: part(3) }
  const [seal, open] = role === 'server' ? [first, second] : [second, first]
  return { sealCipherKey: seal.cipher, sealHmacKey: seal.hmac, openCipherKey: open.cipher, openHmacKey: open.hmac }
}

/** The tls-crypt way to wrap, also for tls-crypt-v2 and for renegotiations. */
export function tlsCryptMode(suite: CryptoSuite, keys: TlsCryptKeys): WrapMode {
  return {
    minPacketBytes: MIN_TLS_CRYPT_BYTES,
    seal: (header, replay, body) => sealTlsCrypt(suite, keys, header, replay, body),
    open: (packet) => openTlsCrypt(suite, keys, packet),
  }
}

/** Wraps a control packet: the head stays in clear and is authenticated, the body is encrypted. */
export function sealTlsCrypt(
  suite: CryptoSuite,
  keys: TlsCryptKeys,
  header: Uint8Array,
  replay: ReplayField,
  body: Uint8Array,
): Uint8Array {
  const clear = new ByteWriter().append(header).u32(replay.id).u32(replay.timeSeconds).finish()
  const tag = suite.hmacSha256(keys.sealHmacKey, [clear, body])
  const ciphertext = suite.aes256Ctr(keys.sealCipherKey, tag.subarray(0, COUNTER_BLOCK_BYTES), body)
  return concatBytes([clear, tag, ciphertext])
}

/** Opens a wrapped control packet whose head has `headerBytes`; `undefined` when it is short or not authentic. */
export function openTlsCrypt(
  suite: CryptoSuite,
  keys: TlsCryptKeys,
  packet: Uint8Array,
  headerBytes: number = CONTROL_HEADER_BYTES,
): OpenedWrap | undefined {
  const reader = new ByteReader(packet)
  reader.take(headerBytes)
  const replay = { id: reader.u32(), timeSeconds: reader.u32() }
  const tag = reader.take(TAG_BYTES)
  if (reader.overrun) return undefined
  const body = suite.aes256Ctr(keys.openCipherKey, tag.subarray(0, COUNTER_BLOCK_BYTES), reader.rest())
  const expected = suite.hmacSha256(keys.openHmacKey, [packet.subarray(0, headerBytes + REPLAY_FIELD_BYTES), body])
  return suite.timingSafeEqual(tag, expected) ? { replay, body } : undefined
}
