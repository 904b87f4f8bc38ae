import type { HandshakeKeys as KeyList } from '@sallyport/contracts'
import { InitialLimits, WrappedKeyMemory } from '@sallyport/openvpn-session'
import { nodeCryptoSuite } from '@sallyport/openvpn-wire'
import { createLogger } from '@sallyport/telemetry'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'

import { HandshakeKeys } from './handshake-keys.ts'
import { SAMPLE_ID } from './testing/sample-grant.ts'

const VALID_FROM = '2026-11-22T00:00:00.000Z'
const keyOf = (bytes: number, value: number) => Buffer.alloc(bytes, value).toString('base64')
const list = (cookie: number, staticKeys: KeyList['staticKeys'] = []): KeyList => ({
  cookieKeys: [{ validFrom: VALID_FROM, key: keyOf(32, cookie) }],
  staticKeys,
})

const fixed = {
  suite: nodeCryptoSuite,
  tlsCryptV2ServerKey: new Uint8Array(128),
  limits: new InitialLimits(nodeCryptoSuite),
  wrappedKeys: new WrappedKeyMemory(),
}
let answer: () => KeyList | Promise<KeyList>
let asked: number
let keys: HandshakeKeys

beforeEach(() => {
  vi.useFakeTimers()
  asked = 0
  answer = () => list(1)
})
afterEach(() => {
  keys[Symbol.dispose]()
  vi.useRealTimers()
})

async function start(): Promise<void> {
  const handshakeKeys = async (): Promise<KeyList> => {
    asked += 1
    await Promise.resolve()
    return answer()
  }
  keys = new HandshakeKeys({ handshakeKeys }, fixed, createLogger('test', 'silent'))
  await vi.advanceTimersByTimeAsync(0)
}

const cookieByte = () => keys.context?.cookieKeys[0]?.key[0]
const away = () => {
  throw new Error('away')
}

it('has nothing to judge by until the first keys have come, and keeps asking', async () => {
  answer = away
  await start()
  await keys.firstAnswer
  expect(keys.context).toBeUndefined()
  answer = () => list(7)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(cookieByte()).toBe(7)
})

it("gives the keys beside what is the node's own", async () => {
  const staticKeys = [
    { tenantId: SAMPLE_ID, mode: 'tls-crypt', key: keyOf(256, 2) },
    { tenantId: SAMPLE_ID, mode: 'tls-auth', key: keyOf(256, 3) },
  ] as const
  answer = () => list(1, [...staticKeys])
  await start()
  expect(keys.context).toEqual({
    ...fixed,
    cookieKeys: [{ validFromMs: Date.parse(VALID_FROM), key: new Uint8Array(32).fill(1) }],
    staticKeys: [
      { tenantId: SAMPLE_ID, mode: 'tls-crypt', key: new Uint8Array(256).fill(2) },
      { tenantId: SAMPLE_ID, mode: 'tls-auth', digest: 'SHA256', key: new Uint8Array(256).fill(3) },
    ],
  })
})

it('asks again every ten minutes, and keeps the last keys while auth-service is away', async () => {
  await start()
  answer = away
  await vi.advanceTimersByTimeAsync(600_000)
  expect(asked).toBe(2)
  expect(cookieByte()).toBe(1)
  answer = () => list(2)
  await vi.advanceTimersByTimeAsync(2_000)
  expect(cookieByte()).toBe(2)
})

it('asks again by order', async () => {
  await start()
  answer = () => list(2)
  keys.refresh()
  await vi.advanceTimersByTimeAsync(0)
  expect(cookieByte()).toBe(2)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(asked).toBe(2)
})

it('asks once more when an order comes while it asks', async () => {
  const slow = Promise.withResolvers<KeyList>()
  answer = () => slow.promise
  await start()
  keys.refresh()
  answer = () => list(2)
  slow.resolve(list(1))
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toBe(2)
  expect(cookieByte()).toBe(2)
})

it.each([
  ['cookie key', () => ({ ...list(1), cookieKeys: [{ validFrom: VALID_FROM, key: keyOf(31, 9) }] })],
  ['static key', () => list(9, [{ tenantId: SAMPLE_ID, mode: 'tls-crypt', key: keyOf(255, 9) }])],
] as const)('does not use a %s of another length', async (_name, bad) => {
  await start()
  answer = bad
  keys.refresh()
  await vi.advanceTimersByTimeAsync(0)
  expect(asked).toBe(2)
  expect(cookieByte()).toBe(1)
})
