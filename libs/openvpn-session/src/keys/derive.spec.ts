import { Buffer } from 'node:buffer'
import { createDecipheriv, createHash } from 'node:crypto'

import { concatBytes } from '@sallyport/foundation'
import { nodeCryptoSuite as suite, toSessionId } from '@sallyport/openvpn-wire'
import { readVectors, type Vector, vector } from '@sallyport/testkit'
import { describe, expect, it } from 'vitest'

import type { DataKeys } from '../actions.ts'
import { prfKeyBlock, serverDataKeys } from './derive.ts'
import { tls1Prf } from './prf.ts'

const CASES = readVectors('key-derivation')
const PRF_CASE = vector(CASES, 'prf key block')

function vectorKeyBlock(): Uint8Array {
  const client = toSessionId(PRF_CASE.bytes('clientSessionId'))
  const server = toSessionId(PRF_CASE.bytes('serverSessionId'))
  if (client === undefined || server === undefined) throw new TypeError('the vector has no session ids')
  return prfKeyBlock(
    suite,
    {
      preMaster: PRF_CASE.bytes('preMaster'),
      random1: PRF_CASE.bytes('clientRandom1'),
      random2: PRF_CASE.bytes('clientRandom2'),
    },
    { random1: PRF_CASE.bytes('serverRandom1'), random2: PRF_CASE.bytes('serverRandom2') },
    { client, server },
  )
}

/** Opens a data packet: head and packet id are authenticated, the tag stands before the ciphertext. */
function openDataPacket(
  packet: Uint8Array,
  cipher: 'aes-256-gcm' | 'chacha20-poly1305',
  key: Uint8Array,
  iv: Uint8Array,
) {
  const nonce = concatBytes([packet.subarray(4, 8), iv])
  const length = { plaintextLength: packet.length - 24 }
  const decipher =
    cipher === 'aes-256-gcm'
      ? createDecipheriv(cipher, key, nonce)
      : createDecipheriv(cipher, key, nonce, { authTagLength: 16 })
  decipher.setAAD(packet.subarray(0, 8), length)
  decipher.setAuthTag(packet.subarray(8, 24))
  return concatBytes([decipher.update(packet.subarray(24)), decipher.final()])
}

describe('the pseudo-random function', () => {
  it.each([...readVectors('prf')])('gives the known bytes: %s', (_, prf) => {
    const expected = prf.bytes('output')
    expect(tls1Prf(suite, prf.bytes('secret'), prf.bytes('seed'), expected.length)).toEqual(expected)
  })
})

it('refuses a block with a zero key or of another length', () => {
  expect(serverDataKeys(new Uint8Array(256), 'AES-256-GCM', 'classic')).toBeUndefined()
  expect(serverDataKeys(new Uint8Array(256).fill(1, 128), 'AES-256-GCM', 'classic')).toBeUndefined()
  expect(serverDataKeys(new Uint8Array(255).fill(1), 'AES-256-GCM', 'classic')).toBeUndefined()
})

it('cuts keys that survive the wiping of a block that is a Buffer', () => {
  const block = Buffer.from(vectorKeyBlock())
  const keys = serverDataKeys(block, 'AES-256-GCM', 'classic')
  block.fill(0)
  expect(keys).toEqual(serverDataKeys(vectorKeyBlock(), 'AES-256-GCM', 'classic'))
})

it('derives the known block and cuts both directions out of it', () => {
  const block = vectorKeyBlock()
  expect(createHash('sha256').update(block).digest('hex')).toBe(PRF_CASE.text('keyBlockSha256'))
  expect(serverDataKeys(block, 'AES-256-GCM', 'classic')).toEqual({
    format: 'classic',
    cipher: 'AES-256-GCM',
    openKey: PRF_CASE.bytes('clientCipherKey'),
    openIv: PRF_CASE.bytes('clientHmacKey').subarray(0, 8),
    sealKey: PRF_CASE.bytes('serverCipherKey'),
    sealIv: PRF_CASE.bytes('serverHmacKey').subarray(0, 8),
  } satisfies DataKeys)
  expect(serverDataKeys(block, 'AES-128-GCM', 'classic')?.openKey).toHaveLength(16)
})

it('gives the secrets of the first epoch for the epoch format, 32 bytes with every cipher and no IVs', () => {
  for (const cipher of ['AES-256-GCM', 'AES-128-GCM'] as const) {
    expect(serverDataKeys(vectorKeyBlock(), cipher, 'epoch')).toEqual({
      format: 'epoch',
      cipher,
      openKey: PRF_CASE.bytes('clientCipherKey'),
      sealKey: PRF_CASE.bytes('serverCipherKey'),
    } satisfies DataKeys)
  }
})

describe('data packets sealed with the derived keys', () => {
  const packets = [...CASES].filter(([, candidate]: [string, Vector]) => candidate.has('packet'))
  it.each(packets)('opens: %s', (_, ping) => {
    const isChacha = ping.text('cipher') === 'CHACHA20-POLY1305'
    const keys = serverDataKeys(vectorKeyBlock(), isChacha ? 'CHACHA20-POLY1305' : 'AES-256-GCM', 'classic')
    if (keys?.format !== 'classic') return expect.unreachable()
    const [key, iv] = ping.text('direction') === 'open' ? [keys.openKey, keys.openIv] : [keys.sealKey, keys.sealIv]
    const cipher = isChacha ? 'chacha20-poly1305' : 'aes-256-gcm'
    expect(openDataPacket(ping.bytes('packet'), cipher, key, iv)).toEqual(ping.bytes('plaintext'))
  })
})
