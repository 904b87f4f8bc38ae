import { isIPv4, isIPv6, SocketAddress } from 'node:net'

import fc from 'fast-check'
import { expect, it } from 'vitest'

import { addressBytes, addressFromBytes, formatAddress, type IpAddress, parseAddress } from './address.ts'

const anyAddress: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: 4 as const, value })),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => ({ family: 6 as const, value })),
  // Random 128-bit numbers have no runs of zeroes, and those are what makes IPv6 text hard.
  fc
    .array(fc.constantFrom(0, 0, 0, 1, 0xffff, 0xdb8), { minLength: 8, maxLength: 8 })
    .map((groups) => ({ family: 6 as const, value: groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n) })),
)

it.each([
  '',
  '1.2.3',
  '1.2.3.4.5',
  '1.2.3.256',
  '01.2.3.4',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '0x1.2.3.4',
  '1.2.3.-4',
  '1.2.3.4/32',
  '1..2.3',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:',
  '12345::',
  'g::',
  'fe80::1%eth0',
  '[::1]',
  '::1.2.3.4:5',
  '1.2.3.4::',
  '::1.2.3',
])('refuses %j', (text) => {
  expect(parseAddress(text)).toBeUndefined()
})

it.each([
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  ['2001:DB8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['::ffff:192.0.2.1', '::ffff:192.0.2.1'],
  ['64:ff9b::192.0.2.1', '64:ff9b::c000:201'],
  ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
  ['fd00:8::', 'fd00:8::'],
])('writes %s as %s', (text, canonical) => {
  const address = parseAddress(text)
  expect(address && formatAddress(address)).toBe(canonical)
})

it('reads back what it writes, as text and as bytes', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      expect(parseAddress(formatAddress(address))).toEqual(address)
      expect(addressFromBytes(addressBytes(address))).toEqual(address)
    }),
  )
})

it('writes what the platform writes', () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const text = formatAddress(address)
      const family = address.family === 4 ? 'ipv4' : 'ipv6'
      // The platform writes the deprecated IPv4-compatible addresses (::/96) with a dotted quad, RFC 5952 does not.
      fc.pre(address.family === 4 || address.value >> 32n !== 0n)
      expect(new SocketAddress({ address: text, family }).address).toBe(text)
    }),
  )
})

it('accepts a text exactly when the platform does', () => {
  const digit = fc.constantFrom('0', '1', '25', '256', 'f', 'ffff', '10000', '')
  const separator = fc.constantFrom('.', ':', '::')
  const text = fc.array(fc.oneof(digit, separator), { maxLength: 17 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(fc.oneof(text, anyAddress.map(formatAddress)), (sample) => {
      expect(parseAddress(sample) !== undefined).toBe(isIPv4(sample) || isIPv6(sample))
    }),
    { numRuns: 2000 },
  )
})

it('takes no byte array of another length', () => {
  expect(addressFromBytes(new Uint8Array(5))).toBeUndefined()
})
