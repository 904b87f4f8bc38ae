import { readVectors } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { DATA_CIPHERS, negotiateCipher } from './cipher.ts'
import { hasIvProto, IV_PROTO, parsePeerInfo, serialisePeerInfo } from './peer-info.ts'

it('leaves out lines that are no NAME=VALUE, have control characters or come too late', () => {
  const text = ['iv-ver=1', '=x', 'A B=1', 'IV_PLAT=li\u0007nux', `UV_X=${'x'.repeat(513)}`, 'IV_VER=2.6'].join('\n')
  expect([...parsePeerInfo(text)]).toEqual([['IV_VER', '2.6']])
  expect(parsePeerInfo('A=1\n'.repeat(64) + 'IV_VER=2.6\n').has('IV_VER')).toBe(false)
})

it('finds names only at the start of a line, and lets the first one count', () => {
  const info = parsePeerInfo('UV_NOTE=IV_PROTO=8\nIV_PROTO=2\nIV_PROTO=8\n')
  expect(info.get('IV_PROTO')).toBe('2')
})

it('takes names of mixed case, as some that announce compression are', () => {
  const info = parsePeerInfo('IV_LZ4v2=1\nIV_COMP_STUBv2=1\n')
  expect([...info]).toEqual([
    ['IV_LZ4v2', '1'],
    ['IV_COMP_STUBv2', '1'],
  ])
})

it('takes no ability from an IV_PROTO that is no number', () => {
  for (const value of ['', '-1', '0x3de', '9'.repeat(10), '8 ']) {
    expect(hasIvProto(parsePeerInfo(`IV_PROTO=${value}\n`), IV_PROTO.tlsKeyExport)).toBe(false)
  }
  const info = parsePeerInfo('IV_PROTO=990\n')
  expect(hasIvProto(info, IV_PROTO.dynamicTlsCrypt)).toBe(true)
  expect(hasIvProto(info, IV_PROTO.peerToPeer)).toBe(false)
})

it('never throws on any text and reads back what it builds', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const info = parsePeerInfo(text)
      expect(parsePeerInfo(serialisePeerInfo(info))).toEqual(info)
    }),
  )
})

describe('cipher negotiation', () => {
  it.each([...readVectors('cipher-negotiation')])('decides: %s', (_, vector) => {
    const server = vector.text('server').split(':')
    const preference = server.flatMap((name) => DATA_CIPHERS.filter((cipher) => cipher === name))
    expect(preference).toHaveLength(server.length)
    const optionsCipher = vector.has('optionsCipher') ? vector.text('optionsCipher') : undefined
    const chosen = negotiateCipher(parsePeerInfo(vector.text('peerInfo')), optionsCipher, preference)
    expect(chosen ?? '').toBe(vector.text('chosen'))
  })
})
