import { randomBytes } from 'node:crypto'

import { nodeCryptoSuite } from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { createNativeCryptoSuite } from './native-suite.ts'

const suite = createNativeCryptoSuite()

it('refuses keys and counter blocks that AES-256 does not have, and empty keys', () => {
  const [key, block] = [Buffer.alloc(32), Buffer.alloc(16)]
  for (const call of [
    () => suite.aes256Ctr(key.subarray(1), block, block),
    () => suite.aes256Ctr(key, block.subarray(1), block),
    () => suite.hmacSha256(Buffer.alloc(0), [block]),
  ]) {
    expect(call).toThrow(expect.objectContaining({ name: 'TlsEngineError', code: 'bad-argument' }))
  }
})

it.each([0, 1, 15, 16, 17, 64, 100, 1400, 70_000])('agrees with node:crypto on %d bytes', (length) => {
  const text = randomBytes(length)
  const parts = [text.subarray(0, length >> 1), text.subarray(length >> 1), Buffer.alloc(0)]
  for (const keyLength of [1, 32, 64, 200]) {
    const key = randomBytes(keyLength)
    for (const name of ['hmacSha256', 'hmacMd5', 'hmacSha1'] as const) {
      expect(Buffer.from(suite[name](key, parts))).toEqual(Buffer.from(nodeCryptoSuite[name](key, parts)))
    }
  }
  const [key, block] = [randomBytes(32), randomBytes(16)]
  const sealed = suite.aes256Ctr(key, block, text)
  expect(Buffer.from(sealed)).toEqual(Buffer.from(nodeCryptoSuite.aes256Ctr(key, block, text)))
  expect(suite.timingSafeEqual(suite.aes256Ctr(key, block, sealed), text)).toBe(true)
})

it('gives every call memory of its own', () => {
  const key = randomBytes(32)
  const first = suite.hmacSha256(key, [Buffer.from('a')])
  const kept = Buffer.from(first)
  suite.hmacSha256(key, [Buffer.from('b')])
  expect(Buffer.from(first)).toEqual(kept)
  expect(suite.timingSafeEqual(first, Buffer.alloc(31))).toBe(false)
  expect(suite.randomBytes(40)).toHaveLength(40)
})
