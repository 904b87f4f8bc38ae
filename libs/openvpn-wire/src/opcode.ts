/** Packet types in the upper five bits of the first byte. 1 and 2 belong to the obsolete key method 1. */
export const OPCODE = {
  softReset: 3,
  control: 4,
  ack: 5,
  dataV1: 6,
  hardResetClientV2: 7,
  hardResetServerV2: 8,
  dataV2: 9,
  hardResetClientV3: 10,
  controlWkc: 11,
} as const
export type Opcode = (typeof OPCODE)[keyof typeof OPCODE]

const KEY_IDS = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** Names one key state of a session: 0 for the first TLS handshake, then 1..7, then 1 again. */
export type KeyId = (typeof KEY_IDS)[number]

/** Narrows a number that came from elsewhere; `undefined` when it is no key id. */
export function toKeyId(value: number): KeyId | undefined {
  return KEY_IDS.find((keyId) => keyId === value)
}

/** What the first byte of every packet says. */
export interface PacketType {
  readonly opcode: Opcode
  readonly keyId: KeyId
}

/** What every first byte says. */
const PACKET_TYPES: readonly (PacketType | undefined)[] = Array.from({ length: 256 }, (_, byte) => {
  const opcode = Object.values(OPCODE).find((known) => known === byte >> 3)
  const keyId = KEY_IDS[byte & 7]
  return opcode === undefined || keyId === undefined ? undefined : { opcode, keyId }
})

/** Reads the first byte; `undefined` for opcodes that no supported peer sends. */
export function parsePacketType(byte: number): PacketType | undefined {
  return PACKET_TYPES[byte]
}

/** Builds the first byte. */
export function packetTypeByte({ opcode, keyId }: PacketType): number {
  return (opcode << 3) | keyId
}

/** Gives the key id of the renegotiation after this one; 0 is never used twice. */
export function nextKeyId(keyId: KeyId): KeyId {
  return KEY_IDS[keyId + 1] ?? 1
}
