import { concatBytes } from '@sallyport/foundation'
import { nodeCryptoSuite as suite } from '@sallyport/openvpn-wire'
import { readVectors, type Vector } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type AuthDigest, openTlsAuth, sealTlsAuth, tlsAuthKeys, tlsAuthMode } from './tls-auth.ts'

const KEY = suite.randomBytes(256)
const HEADER = concatBytes([Uint8Array.of(0x20), new Uint8Array(8).fill(7)])
const DIGESTS: readonly AuthDigest[] = ['SHA256', 'SHA1']

const digestOf = (vector: Vector): AuthDigest => (vector.text('digest') === 'SHA1' ? 'SHA1' : 'SHA256')

describe.each(DIGESTS)('with %s', (digest) => {
  const client = tlsAuthKeys(KEY, digest, 'client')
  const server = tlsAuthKeys(KEY, digest, 'server')

  it('refuses every changed bit, its own direction, another key and the other digest', () => {
    const packet = sealTlsAuth(suite, client, HEADER, { id: 1, timeSeconds: 2 }, Uint8Array.of(1, 2, 3))
    for (const [index, byte] of packet.entries()) {
      for (let bit = 0; bit < 8; bit++) {
        expect(openTlsAuth(suite, server, packet.with(index, byte ^ (1 << bit)))).toBeUndefined()
      }
    }
    const other = digest === 'SHA1' ? 'SHA256' : 'SHA1'
    expect(openTlsAuth(suite, client, packet)).toBeUndefined()
    expect(openTlsAuth(suite, tlsAuthKeys(suite.randomBytes(256), digest, 'server'), packet)).toBeUndefined()
    expect(openTlsAuth(suite, tlsAuthKeys(KEY, other, 'server'), packet)).toBeUndefined()
    expect(openTlsAuth(suite, server, packet)).toBeDefined()
  })

  it('never throws on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        expect(openTlsAuth(suite, server, bytes)).toBeUndefined()
      }),
    )
  })

  it('opens what the other role sealed, into memory of its own', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1200 }), fc.nat(), fc.nat(), (body, id, timeSeconds) => {
        const packet = sealTlsAuth(suite, client, HEADER, { id, timeSeconds }, body)
        expect(packet).toHaveLength(tlsAuthMode(suite, server).minPacketBytes + body.length)
        const opened = openTlsAuth(suite, server, packet)
        packet.fill(0)
        expect(opened).toEqual({ replay: { id, timeSeconds }, body })
      }),
    )
  })
})

describe('vectors', () => {
  it.each([...readVectors('tls-auth')])('seals and opens: %s', (_, vector) => {
    const [sealer, opener] =
      vector.text('sealer') === 'client' ? (['client', 'server'] as const) : (['server', 'client'] as const)
    const keys = (role: 'server' | 'client') => tlsAuthKeys(vector.bytes('key'), digestOf(vector), role)
    const replay = { id: vector.number('replayId'), timeSeconds: vector.number('replayTime') }
    const body = vector.bytes('body')
    expect(sealTlsAuth(suite, keys(sealer), vector.bytes('header'), replay, body)).toEqual(vector.bytes('packet'))
    expect(openTlsAuth(suite, keys(opener), vector.bytes('packet'))).toEqual({ replay, body })
  })
})
