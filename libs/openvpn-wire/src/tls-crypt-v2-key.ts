import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'

import type { CryptoSuite } from './crypto-suite.ts'

/** Length of a tls-crypt-v2 server key: 64 bytes cipher part, 64 bytes HMAC part. */
export const SERVER_KEY_BYTES = 128
/** Length of the key that a client shares with the server, in the layout of a static key. */
export const CLIENT_KEY_BYTES = 256
/** Longest wrapped key. */
export const MAX_WRAPPED_KEY_BYTES = 1024

const TAG_BYTES = 32
const LENGTH_BYTES = 2
const CIPHER_KEY_BYTES = 32
const HMAC_KEY_OFFSET = 64
const COUNTER_BLOCK_BYTES = 16
/** A wrapped key without metadata. */
const MIN_WRAPPED_KEY_BYTES = TAG_BYTES + CLIENT_KEY_BYTES + LENGTH_BYTES
/** Longest metadata, its type byte included. */
export const MAX_METADATA_BYTES = MAX_WRAPPED_KEY_BYTES - MIN_WRAPPED_KEY_BYTES

/** What goes into a profile: the key for the client, and the same key sealed for the server. */
export interface TlsCryptV2ClientKey {
  /** 256 bytes; secret. */
  readonly key: Uint8Array
  /** Opaque to the client, which sends it in clear; only the holder of the server key can read it. */
  readonly wrappedKey: Uint8Array
}

/** What the server finds in a wrapped key. */
export interface UnwrappedClientKey {
  readonly key: Uint8Array
  readonly metadata: Uint8Array
}

/** Makes a client key with metadata. Throws `RangeError` on a server key or metadata of an impossible length. */
export function createClientKey(suite: CryptoSuite, serverKey: Uint8Array, metadata: Uint8Array): TlsCryptV2ClientKey {
  const key = suite.randomBytes(CLIENT_KEY_BYTES)
  return { key, wrappedKey: wrapClientKey(suite, serverKey, { key, metadata }) }
}

/** Seals a given client key for the server. Throws `RangeError` on impossible lengths. */
export function wrapClientKey(suite: CryptoSuite, serverKey: Uint8Array, client: UnwrappedClientKey): Uint8Array {
  const { cipherKey, hmacKey } = splitServerKey(serverKey)
  if (client.key.length !== CLIENT_KEY_BYTES) throw new RangeError('a tls-crypt-v2 client key has 256 bytes')
  if (client.metadata.length > MAX_METADATA_BYTES) throw new RangeError('tls-crypt-v2 metadata has at most 734 bytes')
  const plaintext = concatBytes([client.key, client.metadata])
  const length = new ByteWriter().u16(TAG_BYTES + plaintext.length + LENGTH_BYTES).finish()
  const tag = suite.hmacSha256(hmacKey, [length, plaintext])
  const ciphertext = suite.aes256Ctr(cipherKey, tag.subarray(0, COUNTER_BLOCK_BYTES), plaintext)
  return concatBytes([tag, ciphertext, length])
}

/** Opens a wrapped key; `undefined` unless its length is right and its tag is of this server key. */
export function unwrapClientKey(
  suite: CryptoSuite,
  serverKey: Uint8Array,
  wrappedKey: Uint8Array,
): UnwrappedClientKey | undefined {
  const { cipherKey, hmacKey } = splitServerKey(serverKey)
  if (wrappedKeyLength(wrappedKey) !== wrappedKey.length) return undefined
  const tag = wrappedKey.subarray(0, TAG_BYTES)
  const ciphertext = wrappedKey.subarray(TAG_BYTES, -LENGTH_BYTES)
  const plaintext = suite.aes256Ctr(cipherKey, tag.subarray(0, COUNTER_BLOCK_BYTES), ciphertext)
  const expected = suite.hmacSha256(hmacKey, [wrappedKey.subarray(-LENGTH_BYTES), plaintext])
  if (!suite.timingSafeEqual(tag, expected)) return undefined
  return {
    key: Uint8Array.from(plaintext.subarray(0, CLIENT_KEY_BYTES)),
    metadata: Uint8Array.from(plaintext.subarray(CLIENT_KEY_BYTES)),
  }
}

/**
 * Cuts the wrapped key off the end of a packet, where its last two bytes give its length; `undefined` when that length
 * is impossible or leaves less than `minimumPacketBytes`. Both parts share memory with the input.
 */
export function splitWrappedKey(
  bytes: Uint8Array,
  minimumPacketBytes: number,
): { readonly packet: Uint8Array; readonly wrappedKey: Uint8Array } | undefined {
  const length = wrappedKeyLength(bytes)
  if (length === undefined || bytes.length - length < minimumPacketBytes) return undefined
  return { packet: bytes.subarray(0, -length), wrappedKey: bytes.subarray(-length) }
}

function wrappedKeyLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < MIN_WRAPPED_KEY_BYTES) return undefined
  const length = new ByteReader(bytes.subarray(-LENGTH_BYTES)).u16()
  return length >= MIN_WRAPPED_KEY_BYTES && length <= MAX_WRAPPED_KEY_BYTES ? length : undefined
}

function splitServerKey(serverKey: Uint8Array): { cipherKey: Uint8Array; hmacKey: Uint8Array } {
  if (serverKey.length !== SERVER_KEY_BYTES) throw new RangeError('a tls-crypt-v2 server key has 128 bytes')
  return {
    cipherKey: serverKey.subarray(0, CIPHER_KEY_BYTES),
    hmacKey: serverKey.subarray(HMAC_KEY_OFFSET, HMAC_KEY_OFFSET + CIPHER_KEY_BYTES),
  }
}
