import { Buffer } from 'node:buffer'
import { constants } from 'node:crypto'
import { Duplex } from 'node:stream'
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls'

import type { IssuedPair } from '@sallyport/testkit'

import type { TlsEngine, TlsEvents } from './fake-tls.ts'

const EXPORT_BYTES = 256

/** Makes what both sides of a test's TLS know: their own certificate and who issued the other's. */
export function tlsContext(pair: IssuedPair, caPem: string): SecureContext {
  const { certificatePem: cert, privateKeyPem: key } = pair
  return createSecureContext({ cert, key, ca: caPem, secureOptions: constants.SSL_OP_NO_TICKET, minVersion: 'TLSv1.2' })
}

/** The TLS of node itself over memory, for tests of both roles together. What it produces comes later, not at once. */
export class NodeTls implements TlsEngine {
  readonly #wire: Duplex
  readonly #socket: TLSSocket

  constructor(role: 'client' | 'server', secureContext: SecureContext, events: TlsEvents) {
    this.#wire = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => {
        events.ciphertext(Uint8Array.from(chunk))
        done()
      },
    })
    const isServer = role === 'server'
    this.#socket = isServer
      ? new TLSSocket(this.#wire, { isServer, secureContext, requestCert: true, rejectUnauthorized: true })
      : connect({ socket: this.#wire, secureContext, checkServerIdentity: () => undefined })
    this.#socket.on(isServer ? 'secure' : 'secureConnect', () => {
      events.established({
        dataKeys: this.#export('EXPORTER-OpenVPN-datakeys'),
        dynamicTlsCrypt: this.#export('EXPORTER-OpenVPN-dynamic-tls-crypt'),
      })
    })
    this.#socket.on('data', (record: Buffer) => {
      events.plaintext(Uint8Array.from(record))
    })
  }

  deliver(bytes: Uint8Array): void {
    this.#wire.push(Buffer.from(bytes))
  }

  write(plaintext: Uint8Array): void {
    this.#socket.write(plaintext)
  }

  #export(label: string): Uint8Array {
    return Uint8Array.from(this.#socket.exportKeyingMaterial(EXPORT_BYTES, label, Buffer.alloc(0)))
  }
}
