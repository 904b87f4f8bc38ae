import { Buffer } from 'node:buffer'

/** What a datagram asks of the responder: to send it back, to count it, or to send so many for a second. */
export type Datagram =
  | { readonly type: 'echo'; readonly sentAtMs: number }
  | { readonly type: 'discard' }
  | { readonly type: 'request'; readonly packets: number; readonly payloadBytes: number }

/** Length without padding. */
export const DATAGRAM_BYTES = 24
const MAGIC = 0x53_50_4c_31
const TYPES = ['echo', 'discard', 'request'] as const
const [TYPE_AT, PACKETS_AT, PAYLOAD_AT, TIME_AT] = [4, 8, 12, 16]

/** Writes a datagram, padded with zeroes to `bytes`; throws `RangeError` when that is too short. */
export function serialiseDatagram(datagram: Datagram, bytes: number): Buffer {
  if (bytes < DATAGRAM_BYTES) throw new RangeError(`a datagram has at least ${String(DATAGRAM_BYTES)} bytes`)
  const buffer = Buffer.alloc(bytes)
  buffer.writeUInt32BE(MAGIC)
  buffer.writeUInt8(TYPES.indexOf(datagram.type), TYPE_AT)
  if (datagram.type === 'echo') buffer.writeDoubleBE(datagram.sentAtMs, TIME_AT)
  if (datagram.type === 'request') {
    buffer.writeUInt32BE(datagram.packets, PACKETS_AT)
    buffer.writeUInt16BE(datagram.payloadBytes, PAYLOAD_AT)
  }
  return buffer
}

/** Reads a datagram; `undefined` when it is none of ours. */
export function parseDatagram(buffer: Buffer): Datagram | undefined {
  if (buffer.length < DATAGRAM_BYTES || buffer.readUInt32BE() !== MAGIC) return undefined
  const type = TYPES[buffer.readUInt8(TYPE_AT)]
  if (type === 'echo') return { type, sentAtMs: buffer.readDoubleBE(TIME_AT) }
  if (type === 'request') {
    return { type, packets: buffer.readUInt32BE(PACKETS_AT), payloadBytes: buffer.readUInt16BE(PAYLOAD_AT) }
  }
  return type && { type }
}
