import { timingSafeEqual } from 'node:crypto'

import { type CryptoSuite, nodeCryptoSuite } from '@sallyport/openvpn-wire'

import { loadNativeTls } from './native-binding.ts'
import { TlsEngineError } from './tls-engine-error.ts'

/** Number and length of the addon's digests. */
const SHA256 = [0, 32] as const
const MD5 = [1, 16] as const
const SHA1 = [2, 20] as const

/**
 * Makes the primitives of the protocol core over OpenSSL directly: a control packet costs a fraction of what it costs by
 * `node:crypto`, whose objects are made for streams. An empty key throws `TlsEngineError` `bad-argument`.
 */
export function createNativeCryptoSuite(): CryptoSuite {
  const native = new (loadNativeTls().Primitives)(TlsEngineError)
  const hmac = (
    [digest, length]: typeof SHA256 | typeof MD5 | typeof SHA1,
    key: Uint8Array,
    parts: readonly Uint8Array[],
  ): Uint8Array => {
    const tag = Buffer.allocUnsafe(length)
    native.hmac(digest, key, parts, tag)
    return tag
  }
  return {
    hmacSha256: (key, parts) => hmac(SHA256, key, parts),
    hmacMd5: (key, parts) => hmac(MD5, key, parts),
    hmacSha1: (key, parts) => hmac(SHA1, key, parts),
    aes256Ctr: (key, counterBlock, data) => {
      const result = Buffer.allocUnsafe(data.length)
      native.aes256Ctr(key, counterBlock, data, result)
      return result
    },
    timingSafeEqual: (left, right) => left.length === right.length && timingSafeEqual(left, right),
    randomBytes: (length) => nodeCryptoSuite.randomBytes(length),
  }
}
