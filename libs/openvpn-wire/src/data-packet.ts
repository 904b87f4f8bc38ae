import { ByteReader, ByteWriter } from '@sallyport/foundation'

import { type KeyId, OPCODE, packetTypeByte, parsePacketType } from './opcode.ts'

/** The peer-id that means «none»: the receiver looks the peer up by address. */
export const UNDEFINED_PEER_ID = 0xffffff

/** The clear head of a data packet; `peerId` is `undefined` in the one-byte V1 form. */
export interface DataHeader {
  readonly keyId: KeyId
  readonly peerId: number | undefined
}

/** Reads the head of a data packet; `undefined` when it is short or no data packet. */
export function parseDataHeader(bytes: Uint8Array): DataHeader | undefined {
  const reader = new ByteReader(bytes)
  const type = parsePacketType(reader.u8())
  if (type?.opcode === OPCODE.dataV1) return { keyId: type.keyId, peerId: undefined }
  if (type?.opcode !== OPCODE.dataV2) return undefined
  const peerId = reader.u24()
  return reader.overrun ? undefined : { keyId: type.keyId, peerId }
}

/** Builds the head of a data packet: four bytes with a peer-id, one without. */
export function serialiseDataHeader({ keyId, peerId }: DataHeader): Uint8Array {
  if (peerId === undefined) return Uint8Array.of(packetTypeByte({ opcode: OPCODE.dataV1, keyId }))
  return new ByteWriter()
    .u8(packetTypeByte({ opcode: OPCODE.dataV2, keyId }))
    .u24(peerId)
    .finish()
}
