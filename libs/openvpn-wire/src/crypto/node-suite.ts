import { createCipheriv, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto'

import { concatBytes } from '@sallyport/foundation'

import type { CryptoSuite } from '../crypto-suite.ts'

/** The primitives of node's own OpenSSL. Keys go in as key objects: bytes take node four times as long. */
export const nodeCryptoSuite: CryptoSuite = {
  hmacSha256: (key, parts) => hmac('sha256', key, parts),
  hmacMd5: (key, parts) => hmac('md5', key, parts),
  hmacSha1: (key, parts) => hmac('sha1', key, parts),
  aes256Ctr: (key, counterBlock, data) => {
    const cipher = createCipheriv('aes-256-ctr', createSecretKey(key), counterBlock)
    return concatBytes([cipher.update(data), cipher.final()])
  },
  timingSafeEqual: (left, right) => left.length === right.length && timingSafeEqual(left, right),
  randomBytes: (length) => Uint8Array.from(randomBytes(length)),
}

function hmac(digest: 'sha256' | 'md5' | 'sha1', key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac(digest, createSecretKey(key))
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}
