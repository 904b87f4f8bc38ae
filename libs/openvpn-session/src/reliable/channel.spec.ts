import { Buffer } from 'node:buffer'

import { concatBytes } from '@sallyport/foundation'
import { OPCODE, parseControlBody, serialiseControlBody, toSessionId } from '@sallyport/openvpn-wire'
import { SeededRandom } from '@sallyport/testkit'
import fc from 'fast-check'
import { expect, it } from 'vitest'

import { makeWire, Simulation, type Weather } from '../testing/simulation.ts'
import { ReliableChannel, type SealPacket } from './channel.ts'

const SESSION_ID = toSessionId(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))
const seal: SealPacket = (opcode, _, body) =>
  concatBytes([Uint8Array.of(opcode), serialiseControlBody({ ...body, remoteSessionId: SESSION_ID })])

function open(packet: Uint8Array) {
  const opcode = packet[0] === OPCODE.ack ? OPCODE.ack : OPCODE.control
  const body = parseControlBody(opcode, packet.subarray(1))
  if (body === undefined) throw new RangeError('a channel made a malformed packet')
  return body
}

it('keeps what it queues when the memory it came in, a Buffer, is used again', () => {
  const channel = new ReliableChannel(0, 1)
  const bytes = Buffer.alloc(100, 7)
  channel.queueTls(bytes)
  bytes.fill(0)
  expect(channel.flush(seal, 0).map((packet) => open(packet).payload)).toEqual([new Uint8Array(100).fill(7)])
})

it('repeats its reset no more once that is known to have arrived, but everything else', () => {
  const channel = new ReliableChannel(1, 0)
  channel.queueReset()
  channel.queueTls(new Uint8Array(10))
  expect(channel.flush(seal, 0)).toHaveLength(2)
  channel.noteResetDelivered()
  expect(channel.flush(seal, 60_000).map((packet) => open(packet).messageId)).toEqual([1])
})

/** Sends bytes both ways through the weather and gives what arrived. */
function exchange(seed: number, weather: Weather, lengths: readonly number[]) {
  const random = new SeededRandom(seed)
  const simulation = new Simulation(0)
  const channels = [new ReliableChannel(0, 1), new ReliableChannel(0, 1)] as const
  const sent = channels.map(() => concatBytes(lengths.map((length) => random.bytes(length))))
  const arrived: Uint8Array[][] = [[], []]
  const wires = channels.map((_, side) =>
    makeWire(simulation, weather, random, (bytes) => {
      const receiver = 1 - side
      const delivery = channels[receiver === 0 ? 0 : 1].receive(open(bytes), simulation.nowMs)
      arrived[receiver]?.push(delivery.tlsBytes)
      flush()
    }),
  )
  const flush = (): void => {
    for (const [side, channel] of channels.entries()) {
      for (const packet of channel.flush(seal, simulation.nowMs)) wires[side]?.(packet)
    }
  }
  for (const [side, channel] of channels.entries()) channel.queueTls(sent[side] ?? new Uint8Array(0))
  for (let tick = 0; tick < 1200 && !channels.every((channel) => channel.idle); tick++) {
    flush()
    simulation.pass(500)
  }
  return {
    channels,
    sent,
    endedAtMs: simulation.nowMs,
    received: [concatBytes(arrived[1] ?? []), concatBytes(arrived[0] ?? [])],
  }
}

it('delivers every byte in order and once under any loss, reordering and duplication', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.record({
        delayMs: fc.nat(300),
        jitterMs: fc.nat(3_000),
        loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
        duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
      }),
      fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 4 }),
      (seed, weather, lengths) => {
        const { channels, sent, received } = exchange(seed, weather, lengths)
        expect(received).toEqual(sent)
        expect(channels.every((channel) => channel.idle)).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})

it('brings a handshake through the loss of three packets in ten within 30 s, in any order and doubled', () => {
  const weather = { delayMs: 40, jitterMs: 200, loss: 0.3, duplication: 0.2 }
  for (let seed = 0; seed < 200; seed++) {
    const { channels, sent, received, endedAtMs } = exchange(seed, weather, [300, 3_000, 700])
    expect(received).toEqual(sent)
    expect(channels.every((channel) => channel.idle)).toBe(true)
    expect(endedAtMs).toBeLessThan(30_000)
  }
})

it('sends every acknowledgement twice once the peer has shown that they get lost', () => {
  const channel = new ReliableChannel(0, 1)
  const message = (messageId: number) => ({
    acks: [],
    remoteSessionId: undefined,
    messageId,
    payload: Uint8Array.of(1),
  })
  channel.receive(message(1), 0)
  expect(channel.flush(seal, 0)).toHaveLength(1)
  channel.receive(message(1), 0)
  channel.flush(seal, 0)
  channel.receive(message(2), 0)
  expect(channel.flush(seal, 0).map(open)).toMatchObject([{ acks: [2, 1] }, { acks: [2, 1] }])
})

it('keeps packets within 1250 bytes with IPv6, UDP and wrapping, and at most four acks beside a message', () => {
  const channel = new ReliableChannel(0, 1)
  for (let id = 1; id <= 10; id++) {
    channel.receive({ acks: [], remoteSessionId: undefined, messageId: id, payload: new Uint8Array(0) }, 0)
  }
  channel.queueTls(new Uint8Array(3000))
  const packets = channel.flush(seal, 0)
  for (const packet of packets) {
    expect(packet.length - 1 + 49 + 48).toBeLessThanOrEqual(1250)
    expect(open(packet).acks.length).toBeLessThanOrEqual(4)
  }
  expect(packets.map((packet) => open(packet).messageId)).toEqual([1, 2, 3])
})

it('acknowledges a duplicate again, but nothing beyond the window', () => {
  const channel = new ReliableChannel(0, 1)
  const message = (messageId: number) => ({
    acks: [],
    remoteSessionId: undefined,
    messageId,
    payload: Uint8Array.of(1),
  })
  expect(channel.receive(message(1), 0)).toEqual({ tlsBytes: Uint8Array.of(1), drop: undefined })
  expect(channel.flush(seal, 0).map(open)).toMatchObject([{ acks: [1] }])
  expect(channel.receive(message(1), 0).drop).toBe('duplicate')
  expect(channel.flush(seal, 0).map(open)).toMatchObject([{ acks: [1] }, { acks: [1] }])
  expect(channel.receive(message(14), 0).drop).toBe('window-exceeded')
  expect(channel.flush(seal, 0)).toEqual([])
})

it('acknowledges a replayed packet only when its message is known', () => {
  const channel = new ReliableChannel(0, 1)
  channel.receiveReplayed(1)
  expect(channel.flush(seal, 0)).toEqual([])
  channel.receive({ acks: [], remoteSessionId: undefined, messageId: 1, payload: new Uint8Array(0) }, 0)
  channel.flush(seal, 0)
  channel.receiveReplayed(1)
  expect(channel.flush(seal, 0)).toHaveLength(1)
})
