import { BlockList } from 'node:net'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { formatAddress, type IpAddress, parseAddress } from './address.ts'
import {
  addressCount,
  type Cidr,
  cidrContains,
  cidrContainsAddress,
  cidrsOverlap,
  formatCidr,
  formatHostCidr,
  netmaskText,
  nthAddress,
  offsetInCidr,
  parseCidr,
} from './cidr.ts'

const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text)
  if (parsed === undefined) throw new Error(`${text} is not a block`)
  return parsed
}

const address = (text: string): IpAddress => {
  const parsed = parseAddress(text)
  if (parsed === undefined) throw new Error(`${text} is not an address`)
  return parsed
}

/** Blocks of few distinct bits, so that containment and overlap happen often. */
const nearbyIpv4: fc.Arbitrary<Cidr> = fc
  .tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 26, max: 32 }))
  .map(([low, prefixLength]) => {
    const size = 1n << BigInt(32 - prefixLength)
    const value = 0x0a080000n + BigInt(low)
    return { family: 4 as const, base: value - (value % size), prefixLength }
  })

it.each([
  '10.8.0.0',
  '10.8.0.0/',
  '10.8.0.0/33',
  '10.8.0.0/08',
  '10.8.0.0/-1',
  '10.8.0.1/24',
  '10.8.0.0/24/1',
  '::/129',
  'fd00::1/64',
  '/8',
  '10.8.0.0/2 4',
])('refuses %j', (text) => {
  expect(parseCidr(text)).toBeUndefined()
})

it.each(['0.0.0.0/0', '10.8.0.0/24', '10.8.0.1/32', '::/0', 'fd00:8::/112', '::1/128'])(
  'reads and writes %s',
  (text) => {
    expect(formatCidr(cidr(text))).toBe(text)
  },
)

it.each([
  ['0.0.0.0/0', '0.0.0.0'],
  ['10.8.0.0/24', '255.255.255.0'],
  ['10.8.0.0/23', '255.255.254.0'],
  ['10.8.0.1/32', '255.255.255.255'],
  ['fd00::/64', 'ffff:ffff:ffff:ffff::'],
])('writes the netmask of %s as %s', (text, mask) => {
  expect(netmaskText(cidr(text))).toBe(mask)
})

it('counts addresses and numbers them', () => {
  expect(addressCount(cidr('10.8.0.0/30'))).toBe(4n)
  expect(addressCount(cidr('fd00::/64'))).toBe(2n ** 64n)
  expect(formatAddress(nthAddress(cidr('10.8.0.0/24'), 1n))).toBe('10.8.0.1')
  expect(formatHostCidr(nthAddress(cidr('10.8.0.0/24'), 1n), cidr('10.8.0.0/24'))).toBe('10.8.0.1/24')
  expect(() => nthAddress(cidr('10.8.0.0/24'), 256n)).toThrow(RangeError)
  expect(() => nthAddress(cidr('10.8.0.0/24'), -1n)).toThrow(RangeError)
})

it('never mixes the families', () => {
  expect(cidrContainsAddress(cidr('0.0.0.0/0'), address('::1'))).toBe(false)
  expect(cidrsOverlap(cidr('0.0.0.0/0'), cidr('::/0'))).toBe(false)
})

it('contains an address exactly when the platform says so', () => {
  fc.assert(
    fc.property(nearbyIpv4, fc.integer({ min: 0, max: 80 }), (block, low) => {
      const probe: IpAddress = { family: 4, value: 0x0a080000n + BigInt(low) }
      const list = new BlockList()
      list.addSubnet(formatAddress({ family: 4, value: block.base }), block.prefixLength)
      expect(cidrContainsAddress(block, probe)).toBe(list.check(formatAddress(probe)))
      const offset = offsetInCidr(block, probe)
      if (offset !== undefined) expect(nthAddress(block, offset)).toEqual(probe)
    }),
  )
})

it('contains and overlaps as sets of addresses do', () => {
  const members = (block: Cidr) =>
    Array.from({ length: Number(addressCount(block)) }, (_, n) => nthAddress(block, BigInt(n)))
  fc.assert(
    fc.property(nearbyIpv4, nearbyIpv4, (a, b) => {
      expect(cidrContains(a, b)).toBe(members(b).every((member) => cidrContainsAddress(a, member)))
      expect(cidrsOverlap(a, b)).toBe(members(b).some((member) => cidrContainsAddress(a, member)))
    }),
  )
})
