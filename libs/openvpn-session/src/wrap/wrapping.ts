import type { CryptoSuite } from '@sallyport/openvpn-wire'

import { ReplayWindow } from './replay-window.ts'
import { openTlsCrypt, type ReplayField, sealTlsCrypt, type TlsCryptKeys } from './tls-crypt.ts'

const MAX_REPLAY_ID = 0xffffffff

/** A body whose packet is authentic; `replayed` when the same packet came before. */
export interface UnwrappedBody {
  readonly body: Uint8Array
  readonly replayed: boolean
}

/** One wrapping of a session's control packets: a key with its own counter to seal and its own window to open. */
export interface Wrapping {
  seal(header: Uint8Array, body: Uint8Array): Uint8Array
  /** `undefined` when the packet is not authentic under this key; then nothing has changed. */
  open(packet: Uint8Array): UnwrappedBody | undefined
}

/** The tls-crypt wrapping, as given by a profile or made for renegotiations. `last` is the last replay field used. */
export class TlsCryptWrapping implements Wrapping {
  readonly #suite: CryptoSuite
  readonly #keys: TlsCryptKeys
  readonly #window = new ReplayWindow()
  #last: ReplayField

  constructor(suite: CryptoSuite, keys: TlsCryptKeys, last: ReplayField) {
    this.#suite = suite
    this.#keys = keys
    this.#last = last
  }

  seal(header: Uint8Array, body: Uint8Array): Uint8Array {
    const { id, timeSeconds } = this.#last
    this.#last = id === MAX_REPLAY_ID ? { id: 1, timeSeconds: timeSeconds + 1 } : { id: id + 1, timeSeconds }
    return sealTlsCrypt(this.#suite, this.#keys, header, this.#last, body)
  }

  open(packet: Uint8Array): UnwrappedBody | undefined {
    const opened = openTlsCrypt(this.#suite, this.#keys, packet)
    if (opened === undefined) return undefined
    return { body: opened.body, replayed: !this.#window.accept(opened.replay.id, opened.replay.timeSeconds) }
  }
}
