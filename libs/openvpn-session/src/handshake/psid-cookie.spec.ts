import { nodeCryptoSuite as suite, type SessionId, toSessionId } from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { cookieSlot, isValidCookie, makeCookie } from './psid-cookie.ts'

const KEY = suite.randomBytes(32)
const REMOTE = { address: '192.0.2.7', port: 40000 }
const NOW_MS = 1_750_000_000_000
const SLOT = cookieSlot(NOW_MS)

function sessionId(bytes: Uint8Array): SessionId {
  const id = toSessionId(bytes)
  if (id === undefined) throw new RangeError('a session id is eight bytes')
  return id
}
const CLIENT = sessionId(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
const COOKIE = makeCookie(suite, KEY, SLOT, REMOTE, CLIENT)
const flip = (id: SessionId, bit: number): SessionId =>
  sessionId(id.with(bit >> 3, (id[bit >> 3] ?? 0) ^ (1 << (bit & 7))))

describe('CVE-2025-13086 class: a cookie check that takes wrong cookies', () => {
  it('refuses every changed bit of the cookie', () => {
    for (let bit = 0; bit < 64; bit++) {
      expect(isValidCookie(suite, KEY, NOW_MS, REMOTE, CLIENT, flip(COOKIE, bit))).toBe(false)
    }
  })

  it('refuses every changed bit of the client session id', () => {
    for (let bit = 0; bit < 64; bit++) {
      expect(isValidCookie(suite, KEY, NOW_MS, REMOTE, flip(CLIENT, bit), COOKIE)).toBe(false)
    }
  })

  it('refuses another address, port, family or key', () => {
    const others = [{ address: '192.0.2.8' }, { address: '::ffff:192.0.2.7' }, { port: 40001 }]
    for (const other of others) {
      expect(isValidCookie(suite, KEY, NOW_MS, { ...REMOTE, ...other }, CLIENT, COOKIE)).toBe(false)
    }
    expect(isValidCookie(suite, suite.randomBytes(32), NOW_MS, REMOTE, CLIENT, COOKIE)).toBe(false)
  })

  it('takes the right one', () => {
    expect(isValidCookie(suite, KEY, NOW_MS, REMOTE, CLIENT, COOKIE)).toBe(true)
  })
})

it('takes cookies of this slot and the two before, none of the next or the third before', () => {
  const validAt = [-2, -1, 0, 1, 2, 3].map((slots) =>
    isValidCookie(suite, KEY, NOW_MS + slots * 30_000, REMOTE, CLIENT, COOKIE),
  )
  expect(validAt).toEqual([false, false, true, true, true, false])
})

it('compares in constant time, with every slot', () => {
  let comparisons = 0
  const counting = {
    ...suite,
    timingSafeEqual: (a: Uint8Array, b: Uint8Array) => (comparisons++, suite.timingSafeEqual(a, b)),
  }
  isValidCookie(counting, KEY, NOW_MS, REMOTE, CLIENT, COOKIE)
  isValidCookie(counting, KEY, NOW_MS, REMOTE, CLIENT, CLIENT)
  expect(comparisons).toBe(6)
})

it('makes the same cookie for the same input only', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.nat(65535), fc.nat(), (address, port, slot) => {
      const cookie = makeCookie(suite, KEY, slot, { address, port }, CLIENT)
      expect(cookie).toEqual(makeCookie(suite, KEY, slot, { address, port }, CLIENT))
      expect(cookie).not.toEqual(makeCookie(suite, KEY, slot + 1, { address, port }, CLIENT))
    }),
  )
})
