import { expect, it } from 'vitest'

import { ADDRESS, CLIENT, NOW_MS, sessionIdOf } from '../testing/first-packets.ts'
import { WrappedKeyMemory } from './wrapped-key-memory.ts'

const IDENTITY = { tenantId: 'a tenant', deviceId: 'a device' }
const keyOf = (byte: number) => ({ key: new Uint8Array(256).fill(byte), identity: IDENTITY })

it('gives a key back to the same client at the same address only', () => {
  const memory = new WrappedKeyMemory()
  memory.remember(ADDRESS, CLIENT, keyOf(7), NOW_MS)
  expect(memory.find(ADDRESS, CLIENT, NOW_MS)).toMatchObject(keyOf(7))
  const others = [{ address: '192.0.2.8' }, { port: 1 }, { localPort: 443 }, { transport: 'tcp' as const }]
  for (const other of others) expect(memory.find({ ...ADDRESS, ...other }, CLIENT, NOW_MS)).toBeUndefined()
  expect(memory.find(ADDRESS, sessionIdOf(9, 9, 9, 9, 9, 9, 9, 9), NOW_MS)).toBeUndefined()
})

it('forgets and wipes a key after a minute', () => {
  const memory = new WrappedKeyMemory()
  memory.remember(ADDRESS, CLIENT, keyOf(7), NOW_MS)
  const found = memory.find(ADDRESS, CLIENT, NOW_MS + 59_999)
  expect(memory.find(ADDRESS, CLIENT, NOW_MS + 60_000)).toBeUndefined()
  expect(memory.size).toBe(0)
  expect(found?.key).toEqual(new Uint8Array(256))
})

it('keeps a copy, so that the giver may wipe its own', () => {
  const memory = new WrappedKeyMemory()
  const given = keyOf(7)
  memory.remember(ADDRESS, CLIENT, given, NOW_MS)
  given.key.fill(0)
  expect(memory.find(ADDRESS, CLIENT, NOW_MS)).toMatchObject(keyOf(7))
})

it('never keeps more than 1024, the newest ones, and is filled slowly', () => {
  const memory = new WrappedKeyMemory()
  let taken = 0
  for (let index = 0; index < 5_000; index++) {
    if (memory.remember({ ...ADDRESS, port: index }, CLIENT, keyOf(1), NOW_MS + index)) taken++
    expect(memory.size).toBeLessThanOrEqual(1024)
  }
  expect(taken).toBeLessThan(720)
  for (let index = 0; index < 5_000; index++)
    memory.remember({ ...ADDRESS, port: index }, CLIENT, keyOf(1), NOW_MS + 5_000 + index * 10)
  expect(memory.size).toBe(1024)
  expect(memory.find({ ...ADDRESS, port: 4_999 }, CLIENT, NOW_MS + 55_000)).toBeDefined()
  expect(memory.find({ ...ADDRESS, port: 3_900 }, CLIENT, NOW_MS + 55_000)).toBeUndefined()
})

it('counts a client that asks again once', () => {
  const memory = new WrappedKeyMemory()
  for (let count = 0; count < 10; count++) memory.remember(ADDRESS, CLIENT, keyOf(count), NOW_MS)
  expect(memory.size).toBe(1)
  expect(memory.find(ADDRESS, CLIENT, NOW_MS)).toMatchObject(keyOf(9))
})
