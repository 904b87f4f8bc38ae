import type { CryptoSuite } from '@sallyport/openvpn-wire'

import type { Transport } from '../remote-address.ts'
import { ReplayWindow } from './replay-window.ts'
import { StrictOrder } from './strict-order.ts'
import { type TlsCryptKeys, tlsCryptMode } from './tls-crypt.ts'
import type { ReplayField, WrapMode } from './wrap-mode.ts'

const MAX_REPLAY_ID = 0xffffffff

/** A body whose packet is authentic; `replayed` when the same packet came before, or on a stream not in its turn. */
export interface UnwrappedBody {
  readonly body: Uint8Array
  readonly replayed: boolean
}

/** One wrapping of a session's control packets: a key with its own counter to seal and its own window to open. */
export interface Wrapping {
  readonly minPacketBytes: number
  seal(header: Uint8Array, body: Uint8Array): Uint8Array
  /** `undefined` when the packet is not authentic under this key; then nothing has changed. */
  open(packet: Uint8Array): UnwrappedBody | undefined
}

/** Numbers the packets of one mode and checks those of the peer. `last` is the last replay field that was used. */
export class CountedWrapping implements Wrapping {
  readonly minPacketBytes: number
  readonly #mode: WrapMode
  readonly #replays: ReplayWindow | StrictOrder
  #last: ReplayField

  constructor(mode: WrapMode, last: ReplayField, transport: Transport) {
    this.minPacketBytes = mode.minPacketBytes
    this.#mode = mode
    this.#replays = transport === 'tcp' ? new StrictOrder() : new ReplayWindow()
    this.#last = last
  }

  seal(header: Uint8Array, body: Uint8Array): Uint8Array {
    const { id, timeSeconds } = this.#last
    this.#last = id === MAX_REPLAY_ID ? { id: 1, timeSeconds: timeSeconds + 1 } : { id: id + 1, timeSeconds }
    return this.#mode.seal(header, this.#last, body)
  }

  open(packet: Uint8Array): UnwrappedBody | undefined {
    const opened = this.#mode.open(packet)
    if (opened === undefined) return undefined
    return { body: opened.body, replayed: !this.#replays.accept(opened.replay.id, opened.replay.timeSeconds) }
  }
}

/** The tls-crypt wrapping of a session, as given by a profile or made for renegotiations. */
export class TlsCryptWrapping extends CountedWrapping {
  constructor(suite: CryptoSuite, keys: TlsCryptKeys, last: ReplayField, transport: Transport = 'udp') {
    super(tlsCryptMode(suite, keys), last, transport)
  }
}
