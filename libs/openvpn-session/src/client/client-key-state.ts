import { concatBytes } from '@sallyport/foundation'
import {
  type ClientKeyMethod2,
  type CryptoSuite,
  type KeyId,
  MAX_KEY_METHOD2_BYTES,
  parseServerKeyMethod2,
  serialiseClientKeyMethod2,
  type ServerKeyMethod2,
} from '@sallyport/openvpn-wire'

import type { DataKeys, TlsKeyMaterial } from '../actions.ts'
import { prfKeyBlock, type SessionIds } from '../keys/derive.ts'
import { ReliableChannel } from '../reliable/channel.ts'
import type { ReliableTerms } from '../reliable/terms.ts'
import { clientDataKeys } from './client-data-keys.ts'
import type { PulledConfiguration } from './pulled-configuration.ts'

const PRE_MASTER_BYTES = 48
const RANDOM_BYTES = 32
/** A server may put three empty texts behind its options. */
const EMPTY_TEXTS_BYTES = 6

type Secrets = Pick<ClientKeyMethod2, 'preMaster' | 'random1' | 'random2'>
type Terms = Pick<PulledConfiguration, 'cipher' | 'keyDerivation' | 'keyFormat'>

/** What came of a piece of plaintext; `rest` follows key method 2 in the same record. */
export type ServerPlaintext =
  | { readonly type: 'incomplete' | 'malformed' }
  | { readonly type: 'answer'; readonly rest: Uint8Array }
  | { readonly type: 'messages' }

/** One TLS handshake of a client: resets, TLS, key method 2 both ways, data keys. */
export class ClientKeyState {
  readonly keyId: KeyId
  readonly channel: ReliableChannel
  /** When the handshake has failed; `undefined` once it was brought to its end. */
  deadlineMs: number | undefined
  /** True while acknowledgements wait for the first TLS bytes to go with them. */
  holdsAcks = false
  tlsStarted = false
  tlsRunning = false
  #active = false
  #wiped = false
  #secrets: Secrets | undefined
  #server: ServerKeyMethod2 | undefined
  #keyMaterial: TlsKeyMaterial | undefined
  #plaintext: Uint8Array = new Uint8Array(0)

  constructor(keyId: KeyId, terms: ReliableTerms, deadlineMs: number) {
    this.keyId = keyId
    this.channel = new ReliableChannel(keyId, 0, terms)
    this.deadlineMs = deadlineMs
  }

  get keyMaterial(): TlsKeyMaterial | undefined {
    return this.#keyMaterial
  }

  /** Makes the client's key method 2, to be written to TLS at once; `undefined` when it was made before. */
  introduce(
    suite: CryptoSuite,
    keyMaterial: TlsKeyMaterial,
    texts: Omit<ClientKeyMethod2, keyof Secrets>,
  ): Uint8Array | undefined {
    if (this.#secrets !== undefined || this.#wiped) return undefined
    this.#keyMaterial = keyMaterial
    this.#secrets = {
      preMaster: suite.randomBytes(PRE_MASTER_BYTES),
      random1: suite.randomBytes(RANDOM_BYTES),
      random2: suite.randomBytes(RANDOM_BYTES),
    }
    return serialiseClientKeyMethod2({ ...texts, ...this.#secrets })
  }

  /** Takes plaintext until key method 2 is complete; later plaintext is for the caller to read. */
  readPlaintext(bytes: Uint8Array): ServerPlaintext {
    if (this.#server !== undefined) return { type: 'messages' }
    this.#plaintext = concatBytes([this.#plaintext, bytes])
    const result = parseServerKeyMethod2(this.#plaintext)
    if (result.type === 'incomplete' && this.#plaintext.length > MAX_KEY_METHOD2_BYTES) return { type: 'malformed' }
    if (result.type !== 'message') return result
    this.#server = result.message
    const rest = Uint8Array.from(this.#plaintext.subarray(result.length))
    this.#plaintext = new Uint8Array(0)
    const empty = rest.subarray(0, EMPTY_TEXTS_BYTES).every((byte) => byte === 0) ? EMPTY_TEXTS_BYTES : 0
    return { type: 'answer', rest: rest.subarray(Math.min(empty, rest.length)) }
  }

  /** Becomes active when the server acknowledged everything up to key method 2 and answered it; stays so. */
  updateActive(): boolean {
    this.#active ||= this.#server !== undefined && this.channel.idle
    return this.#active
  }

  /** Derives the data keys of the client's side; `undefined` before key method 2 was exchanged and after `wipe`. */
  deriveDataKeys(suite: CryptoSuite, terms: Terms, ids: SessionIds): DataKeys | undefined {
    if (this.#wiped || this.#secrets === undefined || this.#server === undefined) return undefined
    if (terms.keyDerivation === 'tls-exporter') {
      return this.#keyMaterial && clientDataKeys(this.#keyMaterial.dataKeys, terms)
    }
    const block = prfKeyBlock(suite, this.#secrets, this.#server, ids)
    const keys = clientDataKeys(block, terms)
    block.fill(0)
    return keys
  }

  /** Overwrites every secret that is no longer needed once the data keys are out. */
  wipe(): void {
    this.#wiped = true
    const { preMaster, random1, random2 } = this.#secrets ?? {}
    const own = [preMaster, random1, random2, this.#server?.random1, this.#server?.random2]
    for (const secret of [...own, this.#keyMaterial?.dataKeys, this.#keyMaterial?.dynamicTlsCrypt]) secret?.fill(0)
  }
}
