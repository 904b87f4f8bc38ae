import { ByteWriter, concatBytes } from '@sallyport/foundation'

import { CIPHER_KEY_BYTES, type DataCipherName } from './cipher.ts'
import type { CryptoSuite } from './crypto-suite.ts'

/** Length of the secret of an epoch, whatever the cipher. */
export const EPOCH_SECRET_BYTES = 32
/** Length of the nonce mask of an epoch. */
export const EPOCH_IV_BYTES = 12

const LABEL_PREFIX = 'ovpn '

/** Key of the data packets of one epoch in one direction. */
export interface EpochDataKey {
  readonly key: Uint8Array
  /** XORed with the packet's epoch and counter to give the nonce. */
  readonly iv: Uint8Array
}

/** Derives the key of an epoch from its secret. */
export function epochDataKey(suite: CryptoSuite, secret: Uint8Array, cipher: DataCipherName): EpochDataKey {
  return {
    key: expandLabel(suite, secret, 'data_key', CIPHER_KEY_BYTES[cipher]),
    iv: expandLabel(suite, secret, 'data_iv', EPOCH_IV_BYTES),
  }
}

/** Derives the secret of the next epoch. The caller wipes both. */
export function nextEpochSecret(suite: CryptoSuite, secret: Uint8Array): Uint8Array {
  return expandLabel(suite, secret, 'datakey upd', EPOCH_SECRET_BYTES)
}

/** OpenVPN's form of HKDF-Expand-Label (RFC 8446 §7.1) without a context, over SHA-256. */
export function expandLabel(suite: CryptoSuite, secret: Uint8Array, label: string, length: number): Uint8Array {
  const text = new TextEncoder().encode(`${LABEL_PREFIX}${label}`)
  const info = new ByteWriter().u16(length).u8(text.length).append(text).u8(0).finish()
  return hkdfExpand(suite, secret, info, length)
}

/** HKDF-Expand over SHA-256 (RFC 5869 §2.3); at most 255 × 32 bytes. */
export function hkdfExpand(suite: CryptoSuite, secret: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  let block: Uint8Array = new Uint8Array(0)
  for (let produced = 0; produced < length; produced += block.length) {
    block = suite.hmacSha256(secret, [block, info, Uint8Array.of(blocks.length + 1)])
    blocks.push(block)
  }
  return concatBytes(blocks).slice(0, length)
}
