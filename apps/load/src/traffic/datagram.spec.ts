import { Buffer } from 'node:buffer'

import { expect, it } from 'vitest'

import { type Datagram, parseDatagram, serialiseDatagram } from './datagram.ts'

const ALL: readonly Datagram[] = [
  { type: 'echo', sentAtMs: 1234.567 },
  { type: 'discard' },
  { type: 'request', packets: 1_000_000, payloadBytes: 1_400 },
]

it.each(ALL)('reads what it wrote: %j', (datagram) => {
  expect(serialiseDatagram(datagram, 64)).toHaveLength(64)
  expect(parseDatagram(serialiseDatagram(datagram, 64))).toEqual(datagram)
})

it('refuses what is not its own, and what is cut', () => {
  const good = serialiseDatagram({ type: 'discard' }, 24)
  expect(parseDatagram(good.subarray(0, 23))).toBeUndefined()
  expect(parseDatagram(Buffer.alloc(64))).toBeUndefined()
  good.writeUInt8(9, 4)
  expect(parseDatagram(good)).toBeUndefined()
  expect(() => serialiseDatagram({ type: 'discard' }, 23)).toThrow(RangeError)
})
