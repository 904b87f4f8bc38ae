import { nodeCryptoSuite as suite } from '@sallyport/openvpn-wire'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import type { RemoteAddress } from '../remote-address.ts'
import { ADDRESS, CLIENT, NOW_MS, sessionIdOf } from '../testing/first-packets.ts'
import { cookieSlot, findCookieSlot, makeCookie, newestCookieKey } from './psid-cookie.ts'

const KEY = suite.randomBytes(32)
const KEYS = [{ validFromMs: 0, key: KEY }]
const SLOT = cookieSlot(NOW_MS)
const COOKIE = makeCookie(suite, KEY, SLOT, ADDRESS, CLIENT)

interface Change {
  readonly key?: Uint8Array
  readonly nowMs?: number
  readonly remote?: RemoteAddress
  readonly client?: typeof CLIENT
  readonly cookie?: typeof CLIENT
}

const find = ({ key = KEY, nowMs = NOW_MS, remote = ADDRESS, client = CLIENT, cookie = COOKIE }: Change = {}) =>
  findCookieSlot(suite, [{ validFromMs: 0, key }], nowMs, remote, client, cookie)
const flip = (id: Uint8Array, bit: number) => sessionIdOf(...id.with(bit >> 3, (id[bit >> 3] ?? 0) ^ (1 << (bit & 7))))

describe('CVE-2025-13086 class: a cookie check that takes wrong cookies', () => {
  it('takes the right one, so the check is not inverted', () => {
    expect(find()).toBe(SLOT)
  })

  it('refuses every changed bit of the cookie', () => {
    for (let bit = 0; bit < 64; bit++) expect(find({ cookie: flip(COOKIE, bit) })).toBeUndefined()
  })

  it('refuses every changed bit of the client session id', () => {
    for (let bit = 0; bit < 64; bit++) expect(find({ client: flip(CLIENT, bit) })).toBeUndefined()
  })

  it.each<[string, Partial<RemoteAddress>]>([
    ['address', { address: '192.0.2.8' }],
    ['family', { address: '::ffff:192.0.2.7' }],
    ['port', { port: 40001 }],
    ['port of ours', { localPort: 1195 }],
    ['transport', { transport: 'tcp' }],
  ])('refuses another %s', (_, other) => {
    expect(find({ remote: { ...ADDRESS, ...other } })).toBeUndefined()
  })

  it('refuses another key, none, and half a cookie', () => {
    expect(find({ key: suite.randomBytes(32) })).toBeUndefined()
    expect(findCookieSlot(suite, [], NOW_MS, ADDRESS, CLIENT, COOKIE)).toBeUndefined()
    expect(find({ cookie: sessionIdOf(...COOKIE.subarray(0, 4), 0, 0, 0, 0) })).toBeUndefined()
  })
})

it('takes cookies of this slot and the two before, none of the next or the third before', () => {
  const found = [-2, -1, 0, 1, 2, 3].map((slots) => find({ nowMs: NOW_MS + slots * 30_000 }))
  expect(found).toEqual([undefined, undefined, SLOT, SLOT, SLOT, undefined])
})

it('compares in constant time, with every slot under every key', () => {
  let comparisons = 0
  const timingSafeEqual = (a: Uint8Array, b: Uint8Array) => (comparisons++, suite.timingSafeEqual(a, b))
  const keys = [{ validFromMs: 0, key: suite.randomBytes(32) }, ...KEYS]
  findCookieSlot({ ...suite, timingSafeEqual }, keys, NOW_MS, ADDRESS, CLIENT, CLIENT)
  expect(comparisons).toBe(6)
})

describe('with several keys', () => {
  const [old, current, coming] = [-86_400_000, -1, 1].map((ageMs) => ({
    validFromMs: NOW_MS + ageMs,
    key: suite.randomBytes(32),
  }))

  it('makes cookies with the newest one that is valid', () => {
    if (!old || !current || !coming) return expect.unreachable()
    expect(newestCookieKey([coming, old, current], NOW_MS)).toBe(current.key)
    expect(newestCookieKey([coming, old, current], NOW_MS + 1)).toBe(coming.key)
  })

  it('makes them with the first to become valid when the clock is behind them all, and with none when there is none', () => {
    if (!old || !current || !coming) return expect.unreachable()
    expect(newestCookieKey([current, coming, old], 0)).toBe(old.key)
    expect(newestCookieKey([], NOW_MS)).toBeUndefined()
  })

  it('takes cookies of all of them', () => {
    const keys = [old, current, coming].filter((key) => key !== undefined)
    for (const { key } of keys) {
      const cookie = makeCookie(suite, key, SLOT - 2, ADDRESS, CLIENT)
      expect(findCookieSlot(suite, keys, NOW_MS, ADDRESS, CLIENT, cookie)).toBe(SLOT - 2)
    }
  })
})

it('makes the same cookie for the same input only', () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.nat(65535), fc.nat(), (address, port, slot) => {
      const remote = { ...ADDRESS, address, port }
      const cookie = makeCookie(suite, KEY, slot, remote, CLIENT)
      expect(cookie).toEqual(makeCookie(suite, KEY, slot, remote, CLIENT))
      expect(cookie).not.toEqual(makeCookie(suite, KEY, slot + 1, remote, CLIENT))
    }),
  )
})
