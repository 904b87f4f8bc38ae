import { readVectors, vector } from '@sallyport/testkit'
import { describe, expect, it } from 'vitest'

import { nodeCryptoSuite as suite } from './crypto/node-suite.ts'
import { epochDataKey, expandLabel, hkdfExpand, nextEpochSecret } from './epoch-key.ts'

const CASES = readVectors('epoch-keys')

describe('vectors', () => {
  it('expands with a label', () => {
    const { secret, output } = bytesOf('expand label, 16 bytes')
    expect(expandLabel(suite, secret, 'unit test', output.length)).toEqual(output)
  })

  it.each(['expand, info of the label for 27 bytes', 'RFC 5869 A.1'])('expands: %s', (title) => {
    const { secret, output } = bytesOf(title)
    expect(hkdfExpand(suite, secret, vector(CASES, title).bytes('info'), output.length)).toEqual(output)
  })

  it('derives key and IV of an epoch and of the next one', () => {
    const first = vector(CASES, 'epoch 1, client to server')
    expect(epochDataKey(suite, first.bytes('secret'), 'AES-256-GCM')).toEqual({
      key: first.bytes('key'),
      iv: first.bytes('iv'),
    })
    const second = vector(CASES, 'epoch 2, client to server')
    const secret = nextEpochSecret(suite, second.bytes('before'))
    expect(epochDataKey(suite, secret, 'AES-256-GCM')).toEqual({ key: second.bytes('key'), iv: second.bytes('iv') })
  })
})

it('cuts the key to the length of the cipher', () => {
  const secret = vector(CASES, 'epoch 1, client to server').bytes('secret')
  expect(epochDataKey(suite, secret, 'AES-128-GCM').key).toHaveLength(16)
  expect(epochDataKey(suite, secret, 'CHACHA20-POLY1305').key).toHaveLength(32)
})

function bytesOf(title: string): { secret: Uint8Array; output: Uint8Array } {
  const found = vector(CASES, title)
  return { secret: found.bytes('secret'), output: found.bytes('output') }
}
