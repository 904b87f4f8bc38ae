import { createHmac } from 'node:crypto'

import type { EngineCipher } from './engine.ts'
import { createOpener, createSealer } from './reference.ts'

const OPCODE_DATA_V2 = 9
const CLEAR_BYTES = 12
const TAG_BYTES = 16
const COUNTER_BYTES = 6

/** Bytes that the epoch format adds to a plaintext: header 4, epoch 2, counter 6 before it, tag 16 behind it. */
export const EPOCH_OVERHEAD_BYTES = CLEAR_BYTES + TAG_BYTES

/** One direction of a data key in the epoch format; 32 bytes of secret whatever the cipher. */
export interface EpochReferenceKey {
  readonly cipher: EngineCipher
  /** The secret of epoch 1. */
  readonly secret: Uint8Array
}

/** The clear fields of a packet in the epoch format. */
export interface EpochHeader {
  /** 24 bits. */
  readonly peerId: number
  /** 0..7. */
  readonly keyId: number
  /** 1..65535. */
  readonly epoch: number
  /** 1..2^48-1; begins anew in each epoch. */
  readonly counter: number
}

/** An authenticated packet in the epoch format: its clear fields and its plaintext. */
export interface OpenedEpochPacket extends EpochHeader {
  readonly text: Uint8Array
}

/** Expands a secret of at most one hash by HKDF-Expand (RFC 5869) with the label form of RFC 8446 section 7.1. */
export function expandLabel(secret: Uint8Array, label: string, bytes: number): Buffer {
  const name = `ovpn ${label}`
  const info = Buffer.concat([
    Buffer.from([bytes >> 8, bytes & 0xff, name.length]),
    Buffer.from(name),
    Buffer.from([0]),
  ])
  return createHmac('sha256', secret)
    .update(info)
    .update(Buffer.from([1]))
    .digest()
    .subarray(0, bytes)
}

/**
 * Seals one packet in the epoch format (OpenVPN's `aead-epoch`), with header, epoch and counter as given. The slow,
 * obvious form over `node:crypto`, for tests and load clients.
 */
export function sealEpochPacket(key: EpochReferenceKey, header: EpochHeader, text: Uint8Array): Uint8Array {
  const clear = Buffer.alloc(CLEAR_BYTES)
  clear.writeUInt8((OPCODE_DATA_V2 << 3) | header.keyId, 0)
  clear.writeUIntBE(header.peerId, 1, 3)
  clear.writeUInt16BE(header.epoch, 4)
  clear.writeUIntBE(header.counter, 6, COUNTER_BYTES)
  return sealEpochBehind(key, clear, text)
}

/** Seals behind ready clear bytes, whatever opcode they have. */
export function sealEpochBehind(key: EpochReferenceKey, clear: Buffer, text: Uint8Array): Uint8Array {
  const { cipherKey, nonce } = epochKey(key, clear)
  const cipher = createSealer({ cipher: key.cipher, key: cipherKey }, nonce)
  cipher.setAAD(clear, { plaintextLength: text.length })
  const sealed = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([clear, sealed, cipher.getAuthTag()])
}

/** Opens one packet of any epoch; `undefined` when it is malformed or not authentic. Knows nothing of replays. */
export function openEpochPacket(key: EpochReferenceKey, packet: Uint8Array): OpenedEpochPacket | undefined {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength)
  if (bytes.length <= EPOCH_OVERHEAD_BYTES || bytes.readUInt8(0) >> 3 !== OPCODE_DATA_V2) return undefined
  const clear = bytes.subarray(0, CLEAR_BYTES)
  const epoch = clear.readUInt16BE(4)
  if (epoch === 0) return undefined
  const { cipherKey, nonce } = epochKey(key, clear)
  const sealed = bytes.subarray(CLEAR_BYTES, -TAG_BYTES)
  const decipher = createOpener({ cipher: key.cipher, key: cipherKey }, nonce)
  decipher.setAAD(clear, { plaintextLength: sealed.length })
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
  const text = decipher.update(sealed)
  try {
    decipher.final()
  } catch {
    return undefined
  }
  const counter = clear.readUIntBE(6, COUNTER_BYTES)
  return { peerId: clear.readUIntBE(1, 3), keyId: clear.readUInt8(0) & 7, epoch, counter, text }
}

// The nonce is the epoch's IV, its first eight bytes xor epoch and counter.
function epochKey({ cipher, secret }: EpochReferenceKey, clear: Buffer): { cipherKey: Buffer; nonce: Buffer } {
  let own: Buffer = Buffer.from(secret)
  for (let epoch = 1; epoch < clear.readUInt16BE(4); epoch += 1) own = expandLabel(own, 'datakey upd', 32)
  const nonce = expandLabel(own, 'data_iv', 12)
  for (let index = 0; index < 8; index += 1) {
    nonce.writeUInt8(nonce.readUInt8(index) ^ clear.readUInt8(4 + index), index)
  }
  return { cipherKey: expandLabel(own, 'data_key', cipher === 'AES-128-GCM' ? 16 : 32), nonce }
}
