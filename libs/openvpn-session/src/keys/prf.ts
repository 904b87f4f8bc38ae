import { concatBytes } from '@sallyport/foundation'
import type { CryptoSuite } from '@sallyport/openvpn-wire'

type Hmac = (key: Uint8Array, parts: readonly Uint8Array[]) => Uint8Array

/** The pseudo-random function of TLS 1.0 and 1.1 (RFC 2246 §5); OpenVPN puts its label at the head of the seed. */
export function tls1Prf(suite: CryptoSuite, secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const half = Math.ceil(secret.length / 2)
  const output = expand(suite.hmacMd5.bind(suite), secret.subarray(0, half), seed, length)
  const mask = expand(suite.hmacSha1.bind(suite), secret.subarray(secret.length - half), seed, length)
  mask.forEach((byte, index) => (output[index] = (output[index] ?? 0) ^ byte))
  mask.fill(0)
  return output
}

function expand(hmac: Hmac, secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = []
  let chain = seed
  for (let produced = 0; produced < length;) {
    chain = hmac(secret, [chain])
    const block = hmac(secret, [chain, seed])
    blocks.push(block)
    produced += block.length
  }
  return concatBytes(blocks).slice(0, length)
}
