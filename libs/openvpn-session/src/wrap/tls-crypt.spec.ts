import { concatBytes } from '@sallyport/foundation'
import { nodeCryptoSuite as suite } from '@sallyport/openvpn-wire'
import { readVectors } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { dynamicTlsCryptKey } from '../keys/derive.ts'
import { MIN_TLS_CRYPT_BYTES, openTlsCrypt, sealTlsCrypt, tlsCryptKeys } from './tls-crypt.ts'
import { TlsCryptWrapping } from './wrapping.ts'

const KEY = suite.randomBytes(256)
const HEADER = concatBytes([Uint8Array.of(0x20), new Uint8Array(8).fill(7)])
const client = tlsCryptKeys(KEY, 'client')
const server = tlsCryptKeys(KEY, 'server')

it('refuses every changed bit, its own direction and another key', () => {
  const packet = sealTlsCrypt(suite, client, HEADER, { id: 1, timeSeconds: 2 }, Uint8Array.of(1, 2, 3))
  for (const [index, byte] of packet.entries()) {
    for (let bit = 0; bit < 8; bit++) {
      expect(openTlsCrypt(suite, server, packet.with(index, byte ^ (1 << bit)))).toBeUndefined()
    }
  }
  expect(openTlsCrypt(suite, client, packet)).toBeUndefined()
  expect(openTlsCrypt(suite, tlsCryptKeys(suite.randomBytes(256), 'server'), packet)).toBeUndefined()
})

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      expect(openTlsCrypt(suite, server, bytes)).toBeUndefined()
    }),
  )
})

it('opens what the other role sealed', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 1200 }), fc.nat(), fc.nat(), (body, id, timeSeconds) => {
      const packet = sealTlsCrypt(suite, client, HEADER, { id, timeSeconds }, body)
      expect(packet).toHaveLength(MIN_TLS_CRYPT_BYTES + body.length)
      expect(openTlsCrypt(suite, server, packet)).toEqual({ replay: { id, timeSeconds }, body })
    }),
  )
})

it('numbers packets from the last one on and moves the time on when the numbers are used up', () => {
  const wrapping = new TlsCryptWrapping(suite, server, { id: 0xfffffffe, timeSeconds: 9 })
  const replays = [0, 1, 2].map(() => openTlsCrypt(suite, client, wrapping.seal(HEADER, new Uint8Array(0)))?.replay)
  expect(replays).toEqual([
    { id: 0xffffffff, timeSeconds: 9 },
    { id: 1, timeSeconds: 10 },
    { id: 2, timeSeconds: 10 },
  ])
})

it('leaves the replay window alone when a packet is not authentic', () => {
  const wrapping = new TlsCryptWrapping(suite, server, { id: 0, timeSeconds: 0 })
  const packet = sealTlsCrypt(suite, client, HEADER, { id: 5, timeSeconds: 1 }, new Uint8Array(4))
  expect(wrapping.open(packet.with(-1, (packet.at(-1) ?? 0) ^ 1))).toBeUndefined()
  expect(wrapping.open(packet)?.replayed).toBe(false)
  expect(wrapping.open(packet)?.replayed).toBe(true)
})

describe('vectors', () => {
  it.each([...readVectors('tls-crypt')])('seals and opens: %s', (_, vector) => {
    const key = vector.has('key')
      ? vector.bytes('key')
      : dynamicTlsCryptKey(vector.bytes('exported'), vector.bytes('original'))
    const [sealer, opener] =
      vector.text('sealer') === 'client' ? (['client', 'server'] as const) : (['server', 'client'] as const)
    const replay = { id: vector.number('replayId'), timeSeconds: vector.number('replayTime') }
    const header = vector.bytes('header')
    const packet = vector.bytes('packet')
    expect(sealTlsCrypt(suite, tlsCryptKeys(key, sealer), header, replay, vector.bytes('body'))).toEqual(packet)
    const opened = openTlsCrypt(suite, tlsCryptKeys(key, opener), packet, header.length)
    expect(opened).toEqual({ replay, body: vector.bytes('body') })
  })
})
