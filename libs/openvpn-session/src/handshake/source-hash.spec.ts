import { describe, expect, it } from 'vitest'

import { ADDRESS, CLIENT, sessionIdOf } from '../testing/first-packets.ts'
import { hashMark, hashSource } from './source-hash.ts'

const hash = (address: string): number => hashSource({ ...ADDRESS, address })

describe('a source', () => {
  it('is one IPv4 address, whatever the port', () => {
    expect(hash('192.0.2.7')).not.toBe(hash('192.0.2.8'))
    expect(hashSource({ ...ADDRESS, port: 1 })).toBe(hashSource({ ...ADDRESS, port: 2 }))
  })

  it.each([
    ['2001:db8:1:ab00::1', '2001:db8:1:abff:1:2:3:4'],
    ['2001:db8::1', '2001:db8:0:0:ffff::'],
    ['2001:db8::2:3:4:5', '2001:db8:0:0:2:3:4:9'],
    ['::1', '::2'],
    ['fe80::1', 'fe80:0:0:0:9::'],
    ['2001::db8:1:2:3:4', '2001:0:0:db8:9:9:9:9'],
  ])('is one IPv6 /56: %s and %s', (one, other) => {
    expect(hash(one)).toBe(hash(other))
  })

  it.each([
    ['2001:db8:1:ab00::1', '2001:db8:1:aa00::1'],
    ['2001:db8:1::1', '2001:db8:2::1'],
    ['2001:db8::1', '2001:db9::1'],
    ['2001::db8:1:2:3:4', '2001::1db8:1:2:3:4'],
  ])('is not two IPv6 /56: %s and %s', (one, other) => {
    expect(hash(one)).not.toBe(hash(other))
  })

  it('spreads over all buckets', () => {
    const buckets = new Set<number>()
    for (let index = 0; index < 4096; index++)
      buckets.add(hash(`10.1.${String(index >> 8)}.${String(index & 255)}`) % 1024)
    // 4096 balls into 1024 places leave about 19 of them empty.
    expect(buckets.size).toBeGreaterThan(960)
  })
})

describe('a mark', () => {
  it('differs with every part of what it stands for', () => {
    const marks = [
      hashMark(CLIENT, [1, 2], 'a'),
      hashMark(sessionIdOf(1, 2, 3, 4, 5, 6, 7, 9), [1, 2], 'a'),
      hashMark(CLIENT, [1, 3], 'a'),
      hashMark(CLIENT, [2, 1], 'a'),
      hashMark(CLIENT, [1, 2 ** 31 + 2], 'a'),
      hashMark(CLIENT, [1, 2], 'b'),
    ]
    expect(new Set(marks.map(({ place }) => place)).size).toBe(marks.length)
    expect(new Set(marks.map(({ print }) => print)).size).toBe(marks.length)
  })

  it('has a print that does not follow from its place', () => {
    const pairs = Array.from({ length: 200_000 }, (_, index) => hashMark(CLIENT, [index]))
    const byPlace = new Map<number, number>()
    let both = 0
    for (const { place, print } of pairs) {
      const low = place % 1024
      if (byPlace.get(low) === print % 1024) both++
      byPlace.set(low, print % 1024)
    }
    // By chance one pair in 1024 agrees in the low bits of both.
    expect(both).toBeLessThan(400)
  })
})
