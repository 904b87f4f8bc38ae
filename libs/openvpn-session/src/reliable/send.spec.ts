import { OPCODE } from '@sallyport/openvpn-wire'
import { expect, it } from 'vitest'

import { ReliableSend } from './send.ts'
import { serverTerms } from './terms.ts'

function sender(count: number, first = 0, terms = serverTerms('udp')): ReliableSend {
  const send = new ReliableSend(first, terms)
  for (let index = 0; index < count; index++) send.push(OPCODE.control, Uint8Array.of(index))
  return send
}
const idsAt = (send: ReliableSend, nowMs: number): number[] => send.takeDue(nowMs).map(({ messageId }) => messageId)

it('refuses acks of messages that were never sent', () => {
  const send = sender(2)
  send.takeDue(0)
  expect(send.acknowledge([2], 0)).toBe(false)
  expect(send.acknowledge([0, 0xffffffff], 0)).toBe(true)
  expect(send.acknowledge([0], 0)).toBe(true)
})

it('keeps six messages in flight', () => {
  const send = sender(8)
  expect(idsAt(send, 0)).toEqual([0, 1, 2, 3, 4, 5])
  send.acknowledge([1, 2], 10)
  expect(idsAt(send, 10)).toEqual([])
  send.acknowledge([0], 20)
  expect(idsAt(send, 20)).toEqual([6, 7])
})

it('counts across the end of the number range', () => {
  const send = sender(8, 0xfffffffd)
  expect(idsAt(send, 0)).toEqual([0xfffffffd, 0xfffffffe, 0xffffffff, 0, 1, 2])
  expect(send.acknowledge([0xfffffffd, 0xfffffffe, 0xffffffff], 0)).toBe(true)
  expect(idsAt(send, 0)).toEqual([3, 4])
})

it('repeats after 1 s, then after twice as long each time, up to 4 s', () => {
  const send = sender(1)
  const times: number[] = []
  for (let nowMs = 0; nowMs <= 20_000; nowMs += 500) if (idsAt(send, nowMs).length > 0) times.push(nowMs)
  expect(times).toEqual([0, 1_000, 3_000, 7_000, 11_000, 15_000, 19_000])
  expect(send.nextDueMs).toBe(23_000)
})

it('repeats nothing on a stream, whatever is acknowledged or not, and keeps to the window all the same', () => {
  const send = sender(8, 0, serverTerms('tcp'))
  expect(idsAt(send, 0)).toEqual([0, 1, 2, 3, 4, 5])
  expect(send.nextDueMs).toBeUndefined()
  send.acknowledge([1, 2, 3, 4], 10)
  expect(idsAt(send, 60_000)).toEqual([])
  send.acknowledge([0], 60_000)
  expect(idsAt(send, 60_000)).toEqual([6, 7])
  expect(send.nextDueMs).toBeUndefined()
})

it('repeats at once a message after which three others arrived', () => {
  const send = sender(5)
  send.takeDue(0)
  send.acknowledge([1, 2], 100)
  expect(idsAt(send, 100)).toEqual([])
  send.acknowledge([3], 200)
  expect(idsAt(send, 200)).toEqual([0])
  expect(idsAt(send, 200)).toEqual([])
})

it('is idle only when all was acknowledged, and has nothing due then', () => {
  const send = sender(1)
  expect(send.idle).toBe(false)
  send.takeDue(0)
  expect(send.idle).toBe(false)
  send.acknowledge([0], 0)
  expect(send.idle).toBe(true)
  expect(send.nextDueMs).toBeUndefined()
})
