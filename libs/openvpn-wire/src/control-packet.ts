import { ByteReader, ByteWriter } from '@sallyport/foundation'

import { OPCODE, type Opcode, type PacketType, packetTypeByte, parsePacketType } from './opcode.ts'
import { SESSION_ID_BYTES, type SessionId, toSessionId } from './session-id.ts'

/** Opcode, key id and session id: in clear in front of every control packet. */
export const CONTROL_HEADER_BYTES = 1 + SESSION_ID_BYTES
/** More acks than this in a packet are a protocol error. */
export const MAX_ACKS = 8

/** The clear head of a control packet. */
export interface ControlHeader extends PacketType {
  readonly sessionId: SessionId
}

/** What a control packet says after its wrapping is off. */
export interface ControlBody {
  readonly acks: readonly number[]
  /** The receiver's session id; on the wire only together with acks. */
  readonly remoteSessionId: SessionId | undefined
  /** `undefined` in a pure acknowledgement. */
  readonly messageId: number | undefined
  readonly payload: Uint8Array
}

/** Reads the clear head; `undefined` when it is short, of a data or unknown opcode, or without a session id. */
export function parseControlHeader(bytes: Uint8Array): ControlHeader | undefined {
  const reader = new ByteReader(bytes)
  const type = parsePacketType(reader.u8())
  const sessionId = toSessionId(reader.take(SESSION_ID_BYTES))
  if (type === undefined || sessionId === undefined) return undefined
  return type.opcode === OPCODE.dataV1 || type.opcode === OPCODE.dataV2 ? undefined : { ...type, sessionId }
}

/** Says whether a packet is a control packet that names this session: the same as its head would tell, for less. */
export function namesSession(bytes: Uint8Array, sessionId: SessionId): boolean {
  const type = bytes.length < CONTROL_HEADER_BYTES ? undefined : parsePacketType(bytes[0] ?? 0)
  if (type === undefined || type.opcode === OPCODE.dataV1 || type.opcode === OPCODE.dataV2) return false
  for (let index = 0; index < SESSION_ID_BYTES; index++) if (bytes[1 + index] !== sessionId[index]) return false
  return true
}

/** Builds the clear head. */
export function serialiseControlHeader(header: ControlHeader): Uint8Array {
  return new ByteWriter().u8(packetTypeByte(header)).append(header.sessionId).finish()
}

/** Reads acks, message id and payload; `undefined` when malformed. The payload shares memory with the input. */
export function parseControlBody(opcode: Opcode, bytes: Uint8Array): ControlBody | undefined {
  const reader = new ByteReader(bytes)
  const count = reader.u8()
  if (count > MAX_ACKS) return undefined
  const acks: number[] = []
  for (let index = 0; index < count; index++) acks.push(reader.u32())
  const remoteSessionId = count > 0 ? toSessionId(reader.take(SESSION_ID_BYTES)) : undefined
  if (count > 0 && remoteSessionId === undefined) return undefined
  if (opcode === OPCODE.ack) {
    const wellFormed = !reader.overrun && count > 0 && reader.remaining === 0
    return wellFormed ? { acks, remoteSessionId, messageId: undefined, payload: new Uint8Array(0) } : undefined
  }
  const messageId = reader.u32()
  return reader.overrun ? undefined : { acks, remoteSessionId, messageId, payload: reader.rest() }
}

/** Builds the part of a control packet that the wrapping encrypts. Throws `RangeError` on acks without session id. */
export function serialiseControlBody(body: ControlBody): Uint8Array {
  const writer = new ByteWriter().u8(body.acks.length)
  for (const id of body.acks) writer.u32(id)
  if (body.acks.length > 0) {
    if (body.remoteSessionId === undefined) throw new RangeError('acks need the remote session id')
    writer.append(body.remoteSessionId)
  }
  if (body.messageId !== undefined) writer.u32(body.messageId)
  return writer.append(body.payload).finish()
}
