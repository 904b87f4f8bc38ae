import { expect, it } from 'vitest'

import { attemptSourceOf } from './attempt-source.ts'

it('counts the addresses of one IPv6 subscriber together, and those of others apart', () => {
  expect(attemptSourceOf('2001:db8:0:1::1')).toBe('2001:db8:0:1::/64')
  expect(attemptSourceOf('2001:DB8:0:1:ffff:ffff:ffff:ffff')).toBe('2001:db8:0:1::/64')
  expect(attemptSourceOf('2001:db8:0:2::1')).toBe('2001:db8:0:2::/64')
})

it('counts each IPv4 address for itself, however it is written', () => {
  expect(attemptSourceOf('192.0.2.1')).toBe('192.0.2.1')
  expect(attemptSourceOf('::ffff:192.0.2.1')).toBe('192.0.2.1')
  expect(attemptSourceOf('::ffff:192.0.2.2')).toBe('192.0.2.2')
})

it('keeps what is no address', () => {
  expect(attemptSourceOf('somewhere')).toBe('somewhere')
})
