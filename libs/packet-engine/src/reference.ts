import {
  type CipherChaCha20Poly1305,
  type CipherGCM,
  createCipheriv,
  createDecipheriv,
  type DecipherChaCha20Poly1305,
  type DecipherGCM,
} from 'node:crypto'

import type { EngineCipher } from './engine.ts'

const OPCODE_DATA_V2 = 9
const TAG_OFFSET = 8
const TAG_BYTES = 16

/** Bytes that DATA_V2 with AEAD puts before the ciphertext: header 4, packet id 4, tag 16. */
export const DATA_OVERHEAD_BYTES = TAG_OFFSET + TAG_BYTES

/** One direction of a data key: key of 32 or 16 bytes by cipher, implicit IV of 8 bytes. */
export interface ReferenceKey {
  readonly cipher: EngineCipher
  readonly key: Uint8Array
  readonly implicitIv: Uint8Array
}

/** The clear fields of a DATA_V2 packet. */
export interface DataHeader {
  /** 24 bits. */
  readonly peerId: number
  /** 0..7. */
  readonly keyId: number
  /** 1..0xFFFFFFFF; never used twice with one key. */
  readonly packetId: number
}

/** An authenticated packet: its clear fields and its plaintext. */
export interface OpenedPacket extends DataHeader {
  readonly text: Uint8Array
}

/**
 * Seals one packet in OpenVPN's DATA_V2 AEAD format. The slow, obvious form over `node:crypto`, for tests and load
 * clients; the engine does the same in its own thread.
 */
export function sealPacket(key: ReferenceKey, { peerId, keyId, packetId }: DataHeader, text: Uint8Array): Uint8Array {
  const clear = Buffer.alloc(TAG_OFFSET)
  clear.writeUInt8((OPCODE_DATA_V2 << 3) | keyId, 0)
  clear.writeUIntBE(peerId, 1, 3)
  clear.writeUInt32BE(packetId, 4)
  return sealBehind(key, clear, text)
}

/** Seals behind a ready header and packet id of 8 bytes, whatever opcode the header has. */
export function sealBehind(key: ReferenceKey, clear: Uint8Array, text: Uint8Array): Uint8Array {
  const cipher = createSealer(key, makeNonce(key, clear))
  cipher.setAAD(clear, { plaintextLength: text.length })
  const sealed = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([clear, cipher.getAuthTag(), sealed])
}

/** Opens one DATA_V2 packet; `undefined` when it is malformed or not authentic. Knows nothing of replays. */
export function openPacket(key: ReferenceKey, packet: Uint8Array): OpenedPacket | undefined {
  const bytes = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength)
  if (bytes.length <= DATA_OVERHEAD_BYTES || bytes.readUInt8(0) >> 3 !== OPCODE_DATA_V2) return undefined
  const clear = bytes.subarray(0, TAG_OFFSET)
  const sealed = bytes.subarray(DATA_OVERHEAD_BYTES)
  const decipher = createOpener(key, makeNonce(key, clear))
  decipher.setAAD(clear, { plaintextLength: sealed.length })
  decipher.setAuthTag(bytes.subarray(TAG_OFFSET, DATA_OVERHEAD_BYTES))
  const text = decipher.update(sealed)
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return { peerId: bytes.readUIntBE(1, 3), keyId: bytes.readUInt8(0) & 7, packetId: bytes.readUInt32BE(4), text }
}

function makeNonce(key: ReferenceKey, clear: Uint8Array): Uint8Array {
  return Buffer.concat([clear.subarray(4, TAG_OFFSET), key.implicitIv])
}

/** A keyed AEAD cipher for one packet; the key's length is the cipher's. */
export interface CipherKey {
  readonly cipher: EngineCipher
  readonly key: Uint8Array
}

// Node types the two AEAD families by overloads, so that each needs a call of its own.

/** Makes the sealing side of a data cipher with a tag of 16 bytes. */
export function createSealer({ cipher, key }: CipherKey, nonce: Uint8Array): CipherGCM | CipherChaCha20Poly1305 {
  const options = { authTagLength: TAG_BYTES }
  if (cipher === 'CHACHA20-POLY1305') return createCipheriv('chacha20-poly1305', key, nonce, options)
  return createCipheriv(cipher === 'AES-256-GCM' ? 'aes-256-gcm' : 'aes-128-gcm', key, nonce, options)
}

/** Makes the opening side of a data cipher with a tag of 16 bytes. */
export function createOpener({ cipher, key }: CipherKey, nonce: Uint8Array): DecipherGCM | DecipherChaCha20Poly1305 {
  const options = { authTagLength: TAG_BYTES }
  if (cipher === 'CHACHA20-POLY1305') return createDecipheriv('chacha20-poly1305', key, nonce, options)
  return createDecipheriv(cipher === 'AES-256-GCM' ? 'aes-256-gcm' : 'aes-128-gcm', key, nonce, options)
}
