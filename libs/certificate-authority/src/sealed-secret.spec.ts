import { randomBytes } from 'node:crypto'

import { Secret } from '@sallyport/foundation'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { deriveSealingKey, open, parseMasterKey, seal, SealedSecretError } from './sealed-secret.ts'

const MASTER_KEY = new Secret<Uint8Array>(new Uint8Array(randomBytes(32)))
const PLAINTEXT = new TextEncoder().encode('a private key')
const SEALED = seal(MASTER_KEY, 'tenant-ca', 'tenant-1', PLAINTEXT)

it('says that the master key is wrong or the row damaged, and of which row', () => {
  const otherKey = new Secret<Uint8Array>(new Uint8Array(randomBytes(32)))
  expect(() => open(otherKey, 'tenant-ca', 'tenant-1', SEALED)).toThrow(SealedSecretError)
  expect(() => open(otherKey, 'tenant-ca', 'tenant-1', SEALED)).toThrow(
    'the sealed tenant-ca of tenant-1 cannot be opened: wrong key or damaged row',
  )
})

it('does not open for another purpose, another row, or strings that only look the same together', () => {
  for (const [purpose, identity] of [
    ['cluster-ca', 'tenant-1'],
    ['tenant-ca', 'tenant-2'],
    ['tenant-catenant', '-1'],
    ['tenant-ca","tenant-1', ''],
  ] as const) {
    expect(() => open(MASTER_KEY, purpose, identity, SEALED)).toThrow(SealedSecretError)
  }
})

it('does not open when any one byte has changed', () => {
  for (let index = 0; index < SEALED.length; index++) {
    const damaged = SEALED.map((byte, at) => (at === index ? byte ^ 1 : byte))
    expect(() => open(MASTER_KEY, 'tenant-ca', 'tenant-1', damaged)).toThrow(SealedSecretError)
  }
})

it('does not open when it was cut off or prolonged', () => {
  for (let length = 0; length < SEALED.length; length++) {
    expect(() => open(MASTER_KEY, 'tenant-ca', 'tenant-1', SEALED.subarray(0, length))).toThrow(SealedSecretError)
  }
  const longer = Uint8Array.of(...SEALED, 0)
  expect(() => open(MASTER_KEY, 'tenant-ca', 'tenant-1', longer)).toThrow(SealedSecretError)
})

it.each(['', 'short', Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), 'é'.repeat(44)])(
  'refuses a master key that is not base64 of 32 bytes, without printing it: %j',
  (text) => {
    expect(() => parseMasterKey(new Secret(text))).toThrow(/^the master key must be base64 of 32 bytes: openssl rand/)
  },
)

it('reads a master key', () => {
  const bytes = new Uint8Array(randomBytes(32))
  expect(parseMasterKey(new Secret(Buffer.from(bytes).toString('base64'))).reveal()).toEqual(bytes)
})

it('opens what was sealed, whatever it was, and never seals the same way twice', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.uint8Array(), (purpose, identity, plaintext) => {
      const sealed = seal(MASTER_KEY, purpose, identity, plaintext)
      expect(open(MASTER_KEY, purpose, identity, sealed)).toEqual(new Uint8Array(plaintext))
      expect(seal(MASTER_KEY, purpose, identity, plaintext)).not.toEqual(sealed)
    }),
  )
})

it('uses a key of its own for each purpose, and never the master key', () => {
  const keys = ['a', 'b'].map((purpose) => Buffer.from(deriveSealingKey(MASTER_KEY, purpose).reveal()).toString('hex'))
  expect(new Set([...keys, Buffer.from(MASTER_KEY.reveal()).toString('hex')]).size).toBe(3)
})
