import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'
import {
  type CryptoSuite,
  type KeyId,
  parseDataHeader,
  serialiseDataHeader,
  UNDEFINED_PEER_ID,
} from '@sallyport/openvpn-wire'

import type { DataKeys, SessionAction } from '../actions.ts'

interface Slot {
  readonly keyId: KeyId
  readonly keys: DataKeys
  used: boolean
}

type KeyAction = Extract<SessionAction, { type: 'install-keys' | 'swap-keys' }>

const HEADER_BYTES = 4
const COUNTER_BYTES = 4

/** Stands for a packet engine in tests: two key slots, authentic packets without content, each taken once. */
export class DataPath {
  readonly #suite: CryptoSuite
  readonly #peerId: number
  readonly #onKeyUsed: (keyId: KeyId) => void
  #primary: Slot | undefined
  #secondary: Slot | undefined
  #sent = 0
  #newest = 0

  constructor(suite: CryptoSuite, peerId: number, onKeyUsed: (keyId: KeyId) => void) {
    this.#suite = suite
    this.#peerId = peerId
    this.#onKeyUsed = onKeyUsed
  }

  /** The key that packets are sealed with. */
  get sealingKeyId(): KeyId | undefined {
    return this.#primary?.keyId
  }

  perform(action: KeyAction): void {
    if (action.type === 'swap-keys') {
      const { keyId } = this.#secondary ?? {}
      if (keyId === undefined) throw new RangeError('there are no keys to swap to')
      ;[this.#primary, this.#secondary] = [this.#secondary, this.#primary]
      return
    }
    const slot = { keyId: action.keyId, keys: action.keys, used: false }
    if (action.slot === 'primary') this.#primary = slot
    else this.#secondary = slot
  }

  /** Makes a packet; `undefined` before there are keys. */
  seal(): Uint8Array | undefined {
    if (this.#primary === undefined) return undefined
    this.#sent += 1
    const header = serialiseDataHeader({ keyId: this.#primary.keyId, peerId: this.#peerId })
    const clear = concatBytes([header, new ByteWriter().u32(this.#sent).finish()])
    return concatBytes([clear, this.#suite.hmacSha256(this.#primary.keys.sealKey, [clear])])
  }

  /** Takes a packet; true when it is authentic, under a key of this side, and newer than all before. */
  open(bytes: Uint8Array): boolean {
    const header = parseDataHeader(bytes)
    const slot = [this.#primary, this.#secondary].find((candidate) => candidate?.keyId === header?.keyId)
    if (slot === undefined || header === undefined) return false
    const clear = bytes.subarray(0, HEADER_BYTES + COUNTER_BYTES)
    const tag = this.#suite.hmacSha256(slot.keys.openKey, [clear])
    if (!this.#suite.timingSafeEqual(tag, bytes.subarray(clear.length))) return false
    const counter = new ByteReader(clear.subarray(HEADER_BYTES)).u32()
    if (counter <= this.#newest) return false
    this.#newest = counter
    if (!slot.used) this.#onKeyUsed(slot.keyId)
    slot.used = true
    return true
  }
}

/** The peer-id in the head of a data packet; `undefined` for every other packet. */
export function peerIdOf(bytes: Uint8Array): number | undefined {
  const header = parseDataHeader(bytes)
  return header && (header.peerId ?? UNDEFINED_PEER_ID)
}
