import { expect, it } from 'vitest'

import { ReliableReceive } from './receive.ts'

const message = (byte: number): Uint8Array => Uint8Array.of(byte)

it('refuses ids beyond the window and takes the last one within it', () => {
  const receive = new ReliableReceive(1)
  expect(receive.accept(13, message(1))).toBe('window-exceeded')
  expect(receive.accept(12, message(1))).toBe('accepted')
  expect(receive.knows(13)).toBe(false)
})

it('knows a message again, delivered or still waiting', () => {
  const receive = new ReliableReceive(0)
  receive.accept(0, message(0))
  receive.accept(2, message(2))
  expect([...receive.take()]).toEqual([message(0)])
  expect(receive.accept(0, message(9))).toBe('duplicate')
  expect(receive.accept(2, message(9))).toBe('duplicate')
})

it('delivers in order across the end of the number range', () => {
  const receive = new ReliableReceive(0xfffffffe)
  for (const id of [1, 0, 0xffffffff, 0xfffffffe]) expect(receive.accept(id, message(id & 0xff))).toBe('accepted')
  expect([...receive.take()]).toEqual([message(0xfe), message(0xff), message(0), message(1)])
  expect(receive.knows(0xfffffffe)).toBe(true)
})
