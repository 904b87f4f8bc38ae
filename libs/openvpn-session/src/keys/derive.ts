import { concatBytes } from '@sallyport/foundation'
import {
  CIPHER_KEY_BYTES,
  type ClientKeyMethod2,
  type CryptoSuite,
  type DataCipherName,
  EPOCH_SECRET_BYTES,
  type ServerKeyMethod2,
  type SessionId,
} from '@sallyport/openvpn-wire'

import type { DataKeys } from '../actions.ts'
import { tls1Prf } from './prf.ts'

/** Length of the block that data keys are cut from. */
export const KEY_BLOCK_BYTES = 256

const MASTER_BYTES = 48
const PART_BYTES = 64
const IMPLICIT_IV_BYTES = 8

/** What the older derivation needs beside the randoms of key method 2. */
export interface SessionIds {
  readonly client: SessionId
  readonly server: SessionId
}

/** Derives the key block from key method 2 alone, for clients without the TLS exporter. The caller wipes it. */
export function prfKeyBlock(
  suite: CryptoSuite,
  client: Pick<ClientKeyMethod2, 'preMaster' | 'random1' | 'random2'>,
  server: Pick<ServerKeyMethod2, 'random1' | 'random2'>,
  ids: SessionIds,
): Uint8Array {
  const masterSeed = concatBytes([label('OpenVPN master secret'), client.random1, server.random1])
  const master = tls1Prf(suite, client.preMaster, masterSeed, MASTER_BYTES)
  const seed = concatBytes([label('OpenVPN key expansion'), client.random2, server.random2, ids.client, ids.server])
  const block = tls1Prf(suite, master, seed, KEY_BLOCK_BYTES)
  master.fill(0)
  return block
}

/**
 * Cuts the server's keys from a key block: client-to-server cipher and HMAC part, then server-to-client. The keys are
 * copies. `undefined` when a key is all zero, which no working derivation gives.
 */
export function serverDataKeys(
  block: Uint8Array,
  cipher: DataCipherName,
  format: DataKeys['format'],
): DataKeys | undefined {
  if (block.length !== KEY_BLOCK_BYTES) return undefined
  // Not `slice`: the block may be a Buffer, whose slices are views, and it is wiped before the keys are used.
  const part = (index: number, length: number): Uint8Array =>
    Uint8Array.from(block.subarray(index * PART_BYTES, index * PART_BYTES + length))
  const keyBytes = format === 'epoch' ? EPOCH_SECRET_BYTES : CIPHER_KEY_BYTES[cipher]
  const [openKey, sealKey] = [part(0, keyBytes), part(2, keyBytes)]
  if (isZero(openKey) || isZero(sealKey)) return undefined
  if (format === 'epoch') return { format, cipher, openKey, sealKey }
  const [openIv, sealIv] = [part(1, IMPLICIT_IV_BYTES), part(3, IMPLICIT_IV_BYTES)]
  return { format, cipher, openKey, openIv, sealKey, sealIv }
}

/** Makes the 256-byte key for wrapping renegotiations: exporter output mixed with the key of the first wrapping. */
export function dynamicTlsCryptKey(exported: Uint8Array, original: Uint8Array): Uint8Array {
  return exported.map((byte, index) => byte ^ (original[index] ?? 0))
}

function label(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0)
}
