import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'
import type { CryptoSuite } from '@sallyport/openvpn-wire'

import type { TlsKeyMaterial } from '../actions.ts'

const RECORD = { clientHello: 1, serverHello: 2, finished: 3, data: 4 } as const
const RANDOM_BYTES = 32
/** A server's first flight carries its certificates. */
const SERVER_FLIGHT_BYTES = 2600
const EXPORT_BYTES = 256

/** Receives what an engine produces, in stream order. */
export interface FakeTlsEvents {
  ciphertext(bytes: Uint8Array): void
  plaintext(bytes: Uint8Array): void
  established(keyMaterial: TlsKeyMaterial): void
}

/** Stands for a TLS engine in tests: a handshake of three flights, records in clear, exporters that agree. */
export class FakeTls {
  readonly #suite: CryptoSuite
  readonly #role: 'client' | 'server'
  readonly #events: FakeTlsEvents
  readonly #random: Uint8Array
  #received: Uint8Array = new Uint8Array(0)
  #secret: Uint8Array = new Uint8Array(0)

  constructor(suite: CryptoSuite, role: 'client' | 'server', events: FakeTlsEvents) {
    this.#suite = suite
    this.#role = role
    this.#events = events
    this.#random = suite.randomBytes(RANDOM_BYTES)
    if (role === 'client') events.ciphertext(record(RECORD.clientHello, this.#random))
  }

  /** Takes bytes from the other side, cut anywhere. */
  deliver(bytes: Uint8Array): void {
    this.#received = concatBytes([this.#received, bytes])
    for (;;) {
      const reader = new ByteReader(this.#received)
      const type = reader.u8()
      const content = reader.take(reader.u16())
      if (reader.overrun) return
      this.#received = reader.rest()
      this.#read(type, content)
    }
  }

  /** Sends one record of plaintext. */
  write(plaintext: Uint8Array): void {
    this.#events.ciphertext(record(RECORD.data, plaintext))
  }

  #read(type: number, content: Uint8Array): void {
    if (type === RECORD.clientHello && this.#role === 'server') {
      this.#secret = concatBytes([content, this.#random])
      const flight = concatBytes([this.#random, new Uint8Array(SERVER_FLIGHT_BYTES)])
      this.#events.ciphertext(record(RECORD.serverHello, flight))
    } else if (type === RECORD.serverHello && this.#role === 'client') {
      this.#secret = concatBytes([this.#random, content.subarray(0, RANDOM_BYTES)])
      this.#events.ciphertext(record(RECORD.finished, new Uint8Array(0)))
      this.#events.established(this.#export())
    } else if (type === RECORD.finished && this.#role === 'server') {
      this.#events.established(this.#export())
    } else if (type === RECORD.data) {
      this.#events.plaintext(content)
    }
  }

  #export(): TlsKeyMaterial {
    const expand = (label: number): Uint8Array => {
      const blocks = Array.from({ length: EXPORT_BYTES / 32 }, (_, block) =>
        this.#suite.hmacSha256(this.#secret, [Uint8Array.of(label, block)]),
      )
      return concatBytes(blocks)
    }
    return { dataKeys: expand(1), dynamicTlsCrypt: expand(2) }
  }
}

function record(type: number, content: Uint8Array): Uint8Array {
  return concatBytes([new ByteWriter().u8(type).u16(content.length).finish(), content])
}
