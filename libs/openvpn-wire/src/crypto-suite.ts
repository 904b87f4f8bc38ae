/** The primitives that the protocol core needs, as arguments, so that it names no implementation. */
export interface CryptoSuite {
  /** HMAC-SHA256 over the parts in order. */
  hmacSha256(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array
  /** HMAC-MD5, only for OpenVPN's own key derivation (the TLS 1.0 PRF). */
  hmacMd5(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array
  /** HMAC-SHA1, only for OpenVPN's own key derivation (the TLS 1.0 PRF). */
  hmacSha1(key: Uint8Array, parts: readonly Uint8Array[]): Uint8Array
  /** AES-256 in counter mode with a 16-byte initial counter block; the same call encrypts and decrypts. */
  aes256Ctr(key: Uint8Array, counterBlock: Uint8Array, data: Uint8Array): Uint8Array
  /** Compares in time that does not depend on the content; false when the lengths differ. */
  timingSafeEqual(left: Uint8Array, right: Uint8Array): boolean
  /** Bytes from a cryptographically secure generator. */
  randomBytes(length: number): Uint8Array
}
