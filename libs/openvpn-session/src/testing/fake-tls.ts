import { ByteReader, ByteWriter, concatBytes } from '@sallyport/foundation'
import type { CryptoSuite } from '@sallyport/openvpn-wire'

import type { TlsKeyMaterial } from '../actions.ts'

const RECORD = { clientHello: 1, serverHello: 2, finished: 3, data: 4 } as const
const RANDOM_BYTES = 32
/** As long as what real engines send. */
const CLIENT_HELLO_BYTES = 290
const CLIENT_FLIGHT_BYTES = 1300
/** A server's first flight carries its certificates. */
const SERVER_FLIGHT_BYTES = 2600
const EXPORT_BYTES = 256

/** A TLS engine as a test's host sees it. */
export interface TlsEngine {
  /** Takes bytes from the other side, cut anywhere. */
  deliver(bytes: Uint8Array): void
  /** Sends one record of plaintext. */
  write(plaintext: Uint8Array): void
}

/** Makes the engine of one side. */
export type MakeTls = (role: 'client' | 'server', events: TlsEvents) => TlsEngine

/** Receives what an engine produces, in stream order. */
export interface TlsEvents {
  ciphertext(bytes: Uint8Array): void
  plaintext(bytes: Uint8Array): void
  established(keyMaterial: TlsKeyMaterial): void
}

/** Stands for a TLS engine in tests: a handshake of three flights, records in clear, exporters that agree. */
export class FakeTls implements TlsEngine {
  readonly #suite: CryptoSuite
  readonly #role: 'client' | 'server'
  readonly #events: TlsEvents
  readonly #random: Uint8Array
  #received: Uint8Array = new Uint8Array(0)
  #secret: Uint8Array = new Uint8Array(0)

  constructor(suite: CryptoSuite, role: 'client' | 'server', events: TlsEvents) {
    this.#suite = suite
    this.#role = role
    this.#events = events
    this.#random = suite.randomBytes(RANDOM_BYTES)
    if (role === 'client') events.ciphertext(record(RECORD.clientHello, padded(this.#random, CLIENT_HELLO_BYTES)))
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
      this.#secret = concatBytes([content.subarray(0, RANDOM_BYTES), this.#random])
      this.#events.ciphertext(record(RECORD.serverHello, padded(this.#random, SERVER_FLIGHT_BYTES)))
    } else if (type === RECORD.serverHello && this.#role === 'client') {
      this.#secret = concatBytes([this.#random, content.subarray(0, RANDOM_BYTES)])
      this.#events.ciphertext(record(RECORD.finished, new Uint8Array(CLIENT_FLIGHT_BYTES)))
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

function padded(content: Uint8Array, length: number): Uint8Array {
  return concatBytes([content, new Uint8Array(length - content.length)])
}
