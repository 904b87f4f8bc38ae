import { concatBytes, equalBytes } from '@sallyport/foundation'
import { readVectors, type Vector } from '@sallyport/testkit'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import {
  CONTROL_HEADER_BYTES,
  MAX_ACKS,
  namesSession,
  parseControlBody,
  parseControlHeader,
  serialiseControlBody,
  serialiseControlHeader,
} from './control-packet.ts'
import { OPCODE, type Opcode, packetTypeByte } from './opcode.ts'
import { type SessionId, toSessionId } from './session-id.ts'

const OPCODES: readonly Opcode[] = [OPCODE.softReset, OPCODE.control, OPCODE.hardResetClientV3, OPCODE.controlWkc]

const sessionIds = fc
  .uint8Array({ minLength: 8, maxLength: 8 })
  .map(toSessionId)
  .filter((id): id is SessionId => id !== undefined)
const messageIds = fc.integer({ min: 0, max: 0xffffffff })

function opcodeOf(vector: Vector): Opcode {
  const opcode = Object.values(OPCODE).find((known) => known === vector.number('opcode'))
  if (opcode === undefined) throw new TypeError('the vector has an unknown opcode')
  return opcode
}

describe('malformed bodies', () => {
  it.each([...readVectors('control-packets-malformed')])('refuses: %s', (_, vector) => {
    expect(parseControlBody(opcodeOf(vector), vector.bytes('body'))).toBeUndefined()
  })
})

it('says of every packet whether it names a session as its head does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), sessionIds, fc.boolean(), (noise, sessionId, same) => {
      const bytes = same ? concatBytes([noise.subarray(0, 1), sessionId]) : noise
      const named = parseControlHeader(bytes)?.sessionId
      expect(namesSession(bytes, sessionId)).toBe(named !== undefined && equalBytes(named, sessionId))
    }),
  )
})

it('refuses data packets, unknown opcodes, short heads and a session id of zeros', () => {
  const id = new Uint8Array(8).fill(1)
  const head = (opcode: number): Uint8Array => concatBytes([Uint8Array.of(opcode << 3), id])
  for (const opcode of [0, 1, 2, 6, 9, 12, 31]) expect(parseControlHeader(head(opcode))).toBeUndefined()
  expect(parseControlHeader(head(OPCODE.control).subarray(0, 8))).toBeUndefined()
  expect(parseControlHeader(concatBytes([Uint8Array.of(0x20), new Uint8Array(8)]))).toBeUndefined()
})

it('throws on acks without the session id that they belong to', () => {
  const body = { acks: [0], remoteSessionId: undefined, messageId: 1, payload: new Uint8Array(0) }
  expect(() => serialiseControlBody(body)).toThrow(RangeError)
})

it('never throws on random bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom(...OPCODES, OPCODE.ack), (bytes, opcode) => {
      parseControlHeader(bytes)
      parseControlBody(opcode, bytes)
    }),
  )
})

it('reads back every body that it builds', () => {
  const acks = fc.array(messageIds, { minLength: 1, maxLength: MAX_ACKS })
  fc.assert(
    fc.property(acks, sessionIds, messageIds, fc.uint8Array(), (ids, remoteSessionId, messageId, payload) => {
      const body = { acks: ids, remoteSessionId, messageId, payload }
      expect(parseControlBody(OPCODE.control, serialiseControlBody(body))).toEqual(body)
      const ack = { ...body, messageId: undefined, payload: new Uint8Array(0) }
      expect(parseControlBody(OPCODE.ack, serialiseControlBody(ack))).toEqual(ack)
      const plain = { ...body, acks: [], remoteSessionId: undefined }
      expect(parseControlBody(OPCODE.control, serialiseControlBody(plain))).toEqual(plain)
    }),
  )
})

describe('captured packets', () => {
  it.each([...readVectors('control-packets')])('reads and rebuilds: %s', (_, vector) => {
    const packet = vector.bytes('packet')
    const header = parseControlHeader(packet)
    const body = header && parseControlBody(header.opcode, packet.subarray(CONTROL_HEADER_BYTES))
    if (header === undefined || body === undefined) return expect.unreachable()
    expect([header.opcode, header.keyId]).toEqual([vector.number('opcode'), vector.number('keyId')])
    expect(Uint8Array.from(header.sessionId)).toEqual(vector.bytes('sessionId'))
    expect(body.acks).toEqual(vector.numbers('acks'))
    expect(body.messageId).toBe(vector.has('messageId') ? vector.number('messageId') : undefined)
    if (vector.has('remoteSessionId')) expect(body.remoteSessionId).toEqual(vector.bytes('remoteSessionId'))
    if (vector.has('payload')) expect(body.payload).toEqual(vector.bytes('payload'))
    expect(packet[0]).toBe(packetTypeByte(header))
    expect(concatBytes([serialiseControlHeader(header), serialiseControlBody(body)])).toEqual(packet)
  })
})
