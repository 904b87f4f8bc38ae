import { describe, expect, it } from 'vitest'

import { ADDRESS, CLIENT, sessionIdOf } from '../testing/first-packets.ts'
import { hashMark, hashSource } from './source-hash.ts'

const SEED = { place: 0x811c9dc5, print: 0x9e3779b9 }
const hash = (address: string, seed = SEED): number => hashSource(seed, { ...ADDRESS, address })

describe('a source', () => {
  it('is one IPv4 address, whatever the port', () => {
    expect(hash('192.0.2.7')).not.toBe(hash('192.0.2.8'))
    expect(hashSource(SEED, { ...ADDRESS, port: 1 })).toBe(hashSource(SEED, { ...ADDRESS, port: 2 }))
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

describe('with another start', () => {
  const STARTS = Array.from({ length: 8 }, (_, index) => ({
    place: Math.imul(index + 1, 0x2545f491) >>> 0,
    print: Math.imul(index + 1, 0x6c8e9cf5) >>> 0,
  }))
  const bucketOf = (address: string, seed = SEED): number => hash(address, seed) % 16_384

  it.each([
    ['IPv4', (index: number) => `10.1.${String(index >> 8)}.${String(index & 255)}`],
    ['IPv6', (index: number) => `2001:db8:${index.toString(16)}:ab00::1`],
  ])('other %s sources share a bucket', (_, addressAt) => {
    const byBucket = new Map<number, string>()
    const pairs: [string, string][] = []
    for (let index = 0; index < 8192; index++) {
      const address = addressAt(index)
      const before = byBucket.get(bucketOf(address))
      if (before === undefined) byBucket.set(bucketOf(address), address)
      else pairs.push([before, address])
    }
    expect(pairs.length).toBeGreaterThan(1_000)
    const still = STARTS.map((seed) => pairs.filter(([a, b]) => bucketOf(a, seed) === bucketOf(b, seed)).length)
    // By chance one pair in 16,384 does again.
    expect(Math.max(...still)).toBeLessThan(pairs.length / 100)
  })
})

describe('a mark', () => {
  it('differs with every part of what it stands for', () => {
    const marks = [
      hashMark(SEED, CLIENT, [1, 2], 'a'),
      hashMark(SEED, sessionIdOf(1, 2, 3, 4, 5, 6, 7, 9), [1, 2], 'a'),
      hashMark(SEED, CLIENT, [1, 3], 'a'),
      hashMark(SEED, CLIENT, [2, 1], 'a'),
      hashMark(SEED, CLIENT, [1, 2 ** 31 + 2], 'a'),
      hashMark(SEED, CLIENT, [1, 2], 'b'),
    ]
    expect(new Set(marks.map(({ place }) => place)).size).toBe(marks.length)
    expect(new Set(marks.map(({ print }) => print)).size).toBe(marks.length)
  })

  it('has a print that does not follow from its place', () => {
    const pairs = Array.from({ length: 200_000 }, (_, index) => hashMark(SEED, CLIENT, [index]))
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
