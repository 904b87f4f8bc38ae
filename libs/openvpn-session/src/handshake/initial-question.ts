import {
  CONTROL_HEADER_BYTES,
  OPCODE,
  type Opcode,
  parseControlHeader,
  parsePacketType,
  type SessionId,
  splitWrappedKey,
} from '@sallyport/openvpn-wire'

import type { SessionDropReason } from '../actions.ts'

/** What an address without a session may send, as far as it shows without any key. */
export interface InitialQuestion {
  readonly opcode: Opcode
  readonly sessionId: SessionId
  /** Length of the datagram. */
  readonly bytes: number
  /** The packet without its wrapped key; shares memory with the datagram. */
  readonly packet: Uint8Array
  /** The client's key, sealed for the server, behind the packets of tls-crypt-v2 that carry it. */
  readonly wrappedKey: Uint8Array | undefined
}

/** Shortest and longest packet of an opcode, without its wrapped key. */
interface Lengths {
  readonly min: number
  readonly max: number
}

/** What the wrappings add to head and body: tls-auth with SHA1 least, tls-crypt and tls-auth with SHA256 most. */
const LEAST_WRAP = CONTROL_HEADER_BYTES + 28
const TLS_CRYPT_WRAP = CONTROL_HEADER_BYTES + 40
/** Acks: a count, then one to eight ids and the receiver's session id. */
const ONE_ACK = 1 + 4 + 8
const EIGHT_ACKS = 1 + 8 * 4 + 8
const MESSAGE_ID = 4
/** Longest control packet that any client sends. */
const MAX_PACKET_BYTES = 2048

const LENGTHS: ReadonlyMap<Opcode, Lengths> = new Map<Opcode, Lengths>([
  [OPCODE.hardResetClientV2, { min: LEAST_WRAP + 1 + MESSAGE_ID, max: TLS_CRYPT_WRAP + EIGHT_ACKS + MESSAGE_ID }],
  [OPCODE.hardResetClientV3, { min: TLS_CRYPT_WRAP + 1 + MESSAGE_ID, max: TLS_CRYPT_WRAP + EIGHT_ACKS + MESSAGE_ID }],
  [OPCODE.ack, { min: LEAST_WRAP + ONE_ACK, max: TLS_CRYPT_WRAP + EIGHT_ACKS }],
  [OPCODE.control, { min: LEAST_WRAP + ONE_ACK + MESSAGE_ID, max: MAX_PACKET_BYTES }],
  [OPCODE.controlWkc, { min: TLS_CRYPT_WRAP + ONE_ACK + MESSAGE_ID, max: MAX_PACKET_BYTES }],
])

/** Looks at the outside of a packet: length, opcode, key id, session id, place of the wrapped key. Costs next to nothing. */
export function readInitialQuestion(bytes: Uint8Array): InitialQuestion | SessionDropReason {
  if (bytes.length < LEAST_WRAP) return 'too-short'
  const type = parsePacketType(bytes[0] ?? 0)
  if (type === undefined) return 'bad-opcode'
  const lengths = LENGTHS.get(type.opcode)
  if (lengths === undefined) return 'unexpected'
  if (type.keyId !== 0) return 'bad-key-id'
  const carriesKey = type.opcode === OPCODE.hardResetClientV3 || type.opcode === OPCODE.controlWkc
  const split = carriesKey ? splitWrappedKey(bytes, lengths.min) : { packet: bytes, wrappedKey: undefined }
  if (split === undefined) return 'bad-wkc'
  if (split.packet.length < lengths.min || split.packet.length > lengths.max) return 'malformed'
  const sessionId = parseControlHeader(bytes)?.sessionId
  return sessionId === undefined ? 'bad-session-id' : { opcode: type.opcode, sessionId, bytes: bytes.length, ...split }
}
