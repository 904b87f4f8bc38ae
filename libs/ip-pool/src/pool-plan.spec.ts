import { addressCount, cidrContainsAddress, parseAddress, parseCidr } from '@sallyport/ip-network'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { addressesOf, addressOfClaim, planPool } from './pool-plan.ts'

it.each([
  ['10.8.0.1/24', null, 'ipv4'],
  ['10.8.0.0', null, 'ipv4'],
  ['fd00::/64', null, 'ipv4'],
  ['10.8.0.0/31', null, 'ipv4'],
  ['10.8.0.0/32', null, 'ipv4'],
  ['8.0.0.0/7', null, 'ipv4'],
  ['10.8.0.0/24', '10.9.0.0/24', 'ipv6'],
  ['10.8.0.0/24', 'fd00::1/64', 'ipv6'],
  ['10.8.0.0/24', 'fd00::/121', 'ipv6'],
])('refuses %s with %s because of its %s', (ipv4, ipv6, field) => {
  expect(planPool(ipv4, ipv6)).toMatchObject({ type: 'refused', reason: 'invalid-pool', field })
})

it.each([
  ['10.8.0.0/30', 0x0a080002, 0x0a080002],
  ['10.8.0.0/24', 0x0a080002, 0x0a0800fe],
  ['10.8.0.0/16', 0x0a080002, 0x0a08fffe],
  ['255.255.255.0/24', 0xffffff02, 0xfffffffe],
])('leases from %s neither network, first host nor broadcast', (ipv4, first, last) => {
  expect(planPool(ipv4, null)).toEqual({ type: 'planned', pool: { ipv4, ipv6: null, first, last } })
})

it.each([
  ['fd00:8::/112', 'fd00:8::5'],
  ['fd00:8::/120', 'fd00:8::5'],
  ['fd00:8::/64', 'fd00:8::a08:5'],
  [null, null],
])('gives 10.8.0.5 in %s the address %s', (ipv6, expected) => {
  expect(addressesOf({ ipv6 }, 0x0a080005)).toEqual({ ipv4: '10.8.0.5', ipv6: expected })
})

it('gives every IPv4 address an IPv6 address of its own, inside the block and never its first two', () => {
  const plans = fc
    .tuple(fc.nat(0xffffffff), fc.integer({ min: 8, max: 30 }), fc.integer({ min: 0, max: 60 }))
    .map(([bits, prefixLength, room]) => {
      const base = BigInt(bits) - (BigInt(bits) % (1n << BigInt(32 - prefixLength)))
      const ipv4 = `${[24n, 16n, 8n, 0n].map((shift) => String((base >> shift) & 255n)).join('.')}/${String(prefixLength)}`
      return { ipv4, ipv6: `fd00::/${String(96 + prefixLength - room)}` }
    })
  fc.assert(
    fc.property(
      plans,
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (plan, x, y) => {
        const planned = planPool(plan.ipv4, plan.ipv6)
        const block = parseCidr(plan.ipv6)
        if (planned.type !== 'planned' || block === undefined) throw new Error('the plan must be good')
        const { first, last } = planned.pool
        const [one, two] = [first + Math.floor(x * (last - first)), first + Math.floor(y * (last - first))]
        const addresses = addressesOf(plan, one)
        const value = parseAddress(addresses.ipv6 ?? '')
        expect(value && cidrContainsAddress(block, value) && value.value - block.base > 1n).toBe(true)
        expect(addressCount(block)).toBeGreaterThan(0n)
        expect(addresses.ipv6 === addressesOf(plan, two).ipv6).toBe(one === two)
        expect(addressOfClaim(plan, addresses)).toBe(one)
      },
    ),
  )
})

it.each([
  [{ ipv4: '10.8.0.5', ipv6: null }],
  [{ ipv4: '10.8.0.5', ipv6: 'fd00:8::6' }],
  [{ ipv4: '10.8.0.5', ipv6: 'nonsense' }],
  [{ ipv4: 'nonsense', ipv6: 'fd00:8::5' }],
  [{ ipv4: '::1', ipv6: 'fd00:8::5' }],
])('does not take %j for a lease of the pool', (claim) => {
  expect(addressOfClaim({ ipv6: 'fd00:8::/112' }, claim)).toBeUndefined()
})

it('takes another spelling of the same address, and none where there is none', () => {
  expect(addressOfClaim({ ipv6: 'fd00:8::/112' }, { ipv4: '10.8.0.5', ipv6: 'FD00:8:0::5' })).toBe(0x0a080005)
  expect(addressOfClaim({ ipv6: null }, { ipv4: '10.8.0.5', ipv6: null })).toBe(0x0a080005)
  expect(addressOfClaim({ ipv6: null }, { ipv4: '10.8.0.5', ipv6: 'nonsense' })).toBeUndefined()
})
