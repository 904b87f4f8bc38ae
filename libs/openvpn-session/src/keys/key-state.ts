import { concatBytes } from '@sallyport/foundation'
import {
  type ClientKeyMethod2,
  type CryptoSuite,
  type KeyId,
  MAX_KEY_METHOD2_BYTES,
  mirrorOptionsString,
  parseClientKeyMethod2,
  serialiseServerKeyMethod2,
  type ServerKeyMethod2,
} from '@sallyport/openvpn-wire'

import type { DataKeys, TlsKeyMaterial, TlsPeer } from '../actions.ts'
import type { SessionTerms } from '../handshake/negotiate.ts'
import { ReliableChannel } from '../reliable/channel.ts'
import { type ReliableTerms, SERVER_TERMS } from '../reliable/terms.ts'
import { prfKeyBlock, serverDataKeys, type SessionIds } from './derive.ts'

const HANDSHAKE_TIMEOUT_MS = 60_000
const RANDOM_BYTES = 32

/** What the client's key method 2 said about who it is. */
export interface ClientIntroduction {
  readonly peer: TlsPeer
  readonly options: string
  readonly username: string
  readonly password: string
  readonly peerInfo: string
}

type ClientSecrets = Pick<ClientKeyMethod2, 'preMaster' | 'random1' | 'random2'>

/** What came of a piece of plaintext. */
export type PlaintextResult =
  | { readonly type: 'incomplete' }
  | { readonly type: 'malformed' }
  /** The client introduced itself; `rest` follows its message in the same record. */
  | { readonly type: 'introduction'; readonly introduction: ClientIntroduction; readonly rest: Uint8Array }
  | { readonly type: 'messages'; readonly bytes: Uint8Array }

/**
 * One TLS handshake of a session and what follows from it: client reset, TLS, key method 2 both ways, a grant, data
 * keys. It is active once the client acknowledged the server's key method 2; nothing may be said to it before.
 */
export class KeyState {
  readonly keyId: KeyId
  readonly channel: ReliableChannel
  /** When the handshake has failed; `undefined` once it was brought to its end. */
  deadlineMs: number | undefined
  /** Messages for the client once this key state is active; `undefined` until it was allowed. */
  announcement: readonly string[] | undefined
  /** Whether a packet of the client came for it; before that the client knows nothing of it. */
  heard = false
  #tlsRunning = true
  #wiped = false
  #active = false
  #plaintext: Uint8Array = new Uint8Array(0)
  #peer: TlsPeer | undefined
  #keyMaterial: TlsKeyMaterial | undefined
  #client: ClientSecrets | undefined
  #server: ServerKeyMethod2 | undefined
  /** Ciphertext that must still come before the answer to key method 2 is on its way. */
  #answerBytesDue = 0

  constructor(keyId: KeyId, firstMessageId: 0 | 1, nowMs: number, terms: ReliableTerms = SERVER_TERMS) {
    this.keyId = keyId
    this.channel = new ReliableChannel(keyId, firstMessageId, terms)
    this.deadlineMs = nowMs + HANDSHAKE_TIMEOUT_MS
  }

  get active(): boolean {
    return this.#active
  }

  get introduced(): boolean {
    return this.#client !== undefined
  }

  get tlsRunning(): boolean {
    return this.#tlsRunning
  }

  /** Takes what the TLS handshake gave; the first call counts. Key material that is not kept is wiped. */
  establish(peer: TlsPeer, keyMaterial: TlsKeyMaterial): void {
    // Clients up to 2.5 take a reset that comes again for the start of their next renegotiation.
    this.channel.noteResetDelivered()
    this.#peer ??= peer
    if (!this.#wiped) this.#keyMaterial ??= keyMaterial
    if (this.#keyMaterial !== keyMaterial) wipeKeyMaterial(keyMaterial)
  }

  /**
   * Takes plaintext; it waits until the TLS handshake is known to be done and key method 2 is complete. That holds
   * secrets: the bytes are moved, and wiped where they were.
   */
  readPlaintext(bytes: Uint8Array): PlaintextResult {
    if (this.#client !== undefined) return { type: 'messages', bytes }
    const before = this.#plaintext
    this.#plaintext = concatBytes([before, bytes])
    for (const moved of [before, bytes]) moved.fill(0)
    if (this.#peer !== undefined) return this.#introduce(this.#peer)
    return { type: this.#plaintext.length <= MAX_KEY_METHOD2_BYTES ? 'incomplete' : 'malformed' }
  }

  /** Makes the server's key method 2 with the client's options mirrored, to be written to TLS at once. */
  answerKeyMethod(suite: CryptoSuite, clientOptions: string): Uint8Array {
    this.#server = {
      random1: suite.randomBytes(RANDOM_BYTES),
      random2: suite.randomBytes(RANDOM_BYTES),
      options: mirrorOptionsString(clientOptions),
    }
    const answer = serialiseServerKeyMethod2(this.#server)
    this.#answerBytesDue = answer.length
    return answer
  }

  /** Queues TLS bytes for the peer. */
  queueCiphertext(bytes: Uint8Array): void {
    this.channel.queueTls(bytes)
    this.#answerBytesDue = Math.max(0, this.#answerBytesDue - bytes.length)
  }

  /**
   * Takes the client's word that it has the server's key method 2: it asks for its configuration, or seals with the
   * keys. Clients up to 2.5 acknowledge once, and no more after their next renegotiation, so that ack may never come.
   */
  noteAnswerArrived(): void {
    if (this.#server === undefined || this.#answerBytesDue > 0) return
    this.#active = true
    this.channel.stopSending()
  }

  /** Becomes active when the answer was sent and all was acknowledged; stays so. */
  updateActive(): boolean {
    this.#active ||= this.#server !== undefined && this.#answerBytesDue === 0 && this.channel.idle
    return this.#active
  }

  /**
   * Derives the data keys by the method of the session; `undefined` without key method 2, with a useless result, or
   * after `wipe`: the pseudo-random function makes good-looking keys of zeros too, and anybody could.
   */
  deriveDataKeys(suite: CryptoSuite, terms: SessionTerms, ids: SessionIds): DataKeys | undefined {
    if (this.#wiped) return undefined
    if (this.#client === undefined || this.#server === undefined || this.#keyMaterial === undefined) return undefined
    const dataKeys = (block: Uint8Array): DataKeys | undefined => serverDataKeys(block, terms.cipher, terms.dataFormat)
    if (terms.keyDerivation === 'tls-exporter') return dataKeys(this.#keyMaterial.dataKeys)
    const block = prfKeyBlock(suite, this.#client, this.#server, ids)
    const keys = dataKeys(block)
    block.fill(0)
    return keys
  }

  /** Exporter output for wrapping renegotiations; `undefined` before the TLS handshake is done. */
  get dynamicTlsCryptSecret(): Uint8Array | undefined {
    return this.#keyMaterial?.dynamicTlsCrypt
  }

  /** Overwrites every secret that is no longer needed once the data keys are out. */
  wipe(): void {
    this.#wiped = true
    const { preMaster, random1, random2 } = this.#client ?? {}
    const secrets = [this.#keyMaterial?.dataKeys, this.#keyMaterial?.dynamicTlsCrypt, preMaster, random1, random2]
    for (const secret of [...secrets, this.#server?.random1, this.#server?.random2, this.#plaintext]) secret?.fill(0)
  }

  /** Notes that the TLS engine is to be disposed of; true the first time. Acknowledgements go on. */
  stopTls(): boolean {
    const wasRunning = this.#tlsRunning
    this.#tlsRunning = false
    this.wipe()
    return wasRunning
  }

  #introduce(peer: TlsPeer): PlaintextResult {
    const result = parseClientKeyMethod2(this.#plaintext)
    if (result.type !== 'message') return result
    const rest = Uint8Array.from(this.#plaintext.subarray(result.length))
    const { preMaster, random1, random2, options, username, password, peerInfo } = result.message
    this.#client = { preMaster, random1, random2 }
    this.#plaintext.fill(0)
    return { type: 'introduction', introduction: { peer, options, username, password, peerInfo }, rest }
  }
}

/** Overwrites exporter output that nobody keeps. */
export function wipeKeyMaterial({ dataKeys, dynamicTlsCrypt }: TlsKeyMaterial): void {
  dataKeys.fill(0)
  dynamicTlsCrypt.fill(0)
}
