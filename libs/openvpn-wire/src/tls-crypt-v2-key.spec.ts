import { Buffer } from 'node:buffer'

import { readVectors } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { nodeCryptoSuite as suite } from './crypto/node-suite.ts'
import { decodeMetadata, encodeMetadata } from './metadata.ts'
import {
  createClientKey,
  MAX_METADATA_BYTES,
  splitWrappedKey,
  unwrapClientKey,
  wrapClientKey,
} from './tls-crypt-v2-key.ts'

const SERVER_KEY = suite.randomBytes(128)
const METADATA = {
  tenantId: '11111111-2222-4333-8444-555555555555',
  deviceId: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee',
}

describe('CVE-2025-2704 class: the length of a wrapped key comes from the network', () => {
  const { wrappedKey } = createClientKey(suite, SERVER_KEY, encodeMetadata(METADATA))
  const withLength = (length: number): Uint8Array => wrappedKey.with(-2, length >> 8).with(-1, length & 0xff)

  it('refuses every length but the true one', () => {
    for (let length = 0; length < 2 ** 16; length += 1) {
      if (length === wrappedKey.length) continue
      const forged = withLength(length)
      if (unwrapClientKey(suite, SERVER_KEY, forged) !== undefined) expect.unreachable(`took length ${String(length)}`)
    }
  })

  it('cuts no key off that leaves less than a packet', () => {
    expect(splitWrappedKey(wrappedKey, 1)).toBeUndefined()
    expect(splitWrappedKey(wrappedKey, 0)?.packet).toHaveLength(0)
    expect(splitWrappedKey(withLength(289), 0)).toBeUndefined()
    expect(splitWrappedKey(withLength(1025), 0)).toBeUndefined()
    expect(splitWrappedKey(withLength(0xffff), 0)).toBeUndefined()
    expect(splitWrappedKey(Uint8Array.of(1, 34), 0)).toBeUndefined()
  })

  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (bytes) => {
        unwrapClientKey(suite, SERVER_KEY, bytes)
        splitWrappedKey(bytes, 49)
      }),
    )
  })
})

it('gives a key and metadata that share no memory, also when a suite decrypts into a Buffer', () => {
  const intoBuffer = {
    ...suite,
    aes256Ctr: (...given: Parameters<typeof suite.aes256Ctr>) => Buffer.from(suite.aes256Ctr(...given)),
  }
  const { wrappedKey } = createClientKey(suite, SERVER_KEY, encodeMetadata(METADATA))
  const unwrapped = unwrapClientKey(intoBuffer, SERVER_KEY, wrappedKey)
  expect(unwrapped?.key.buffer).not.toBe(unwrapped?.metadata.buffer)
})

it('refuses a key of another server and every changed bit', () => {
  const { wrappedKey } = createClientKey(suite, SERVER_KEY, encodeMetadata(METADATA))
  expect(unwrapClientKey(suite, suite.randomBytes(128), wrappedKey)).toBeUndefined()
  for (const [index, byte] of wrappedKey.entries()) {
    const changed = wrappedKey.with(index, byte ^ (1 << (index % 8)))
    if (unwrapClientKey(suite, SERVER_KEY, changed) !== undefined)
      expect.unreachable(`took a change at ${String(index)}`)
  }
})

it('throws on a server key or metadata of an impossible length', () => {
  expect(() => createClientKey(suite, new Uint8Array(127), new Uint8Array(1))).toThrow(RangeError)
  expect(() => createClientKey(suite, SERVER_KEY, new Uint8Array(MAX_METADATA_BYTES + 1))).toThrow(RangeError)
  expect(() => encodeMetadata({ ...METADATA, tenantId: 'AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE' })).toThrow(RangeError)
})

it('reads metadata only of its own type, version and length', () => {
  const bytes = encodeMetadata(METADATA)
  expect(bytes).toHaveLength(34)
  expect(decodeMetadata(bytes.with(0, 1))).toBeUndefined()
  expect(decodeMetadata(bytes.with(1, 2))).toBeUndefined()
  expect(decodeMetadata(bytes.subarray(1))).toBeUndefined()
  expect(decodeMetadata(Uint8Array.from([...bytes, 0]))).toBeUndefined()
  expect(decodeMetadata(bytes)).toEqual(METADATA)
})

it('gives the server back what was put in, up to the longest metadata', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: MAX_METADATA_BYTES }), (metadata) => {
      const { key, wrappedKey } = createClientKey(suite, SERVER_KEY, metadata)
      expect(unwrapClientKey(suite, SERVER_KEY, wrappedKey)).toEqual({ key, metadata })
    }),
  )
})

describe('vectors', () => {
  it.each([...readVectors('tls-crypt-v2')])('wraps and unwraps: %s', (_, vector) => {
    const serverKey = vector.bytes('serverKey')
    const client = { key: vector.bytes('clientKey'), metadata: vector.bytes('metadata') }
    expect(wrapClientKey(suite, serverKey, client)).toEqual(vector.bytes('wrappedKey'))
    expect(unwrapClientKey(suite, serverKey, vector.bytes('wrappedKey'))).toEqual(client)
  })
})
