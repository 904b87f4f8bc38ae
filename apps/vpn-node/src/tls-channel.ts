import { AsyncLocalStorage } from 'node:async_hooks'
import { constants } from 'node:crypto'
import { Duplex } from 'node:stream'
import { createServer, type Server, type TLSSocket } from 'node:tls'

import { errorCode } from '@sallyport/foundation'
import type { TlsKeyMaterial, TlsPeer } from '@sallyport/openvpn-session'

declare module 'node:tls' {
  interface TLSSocket {
    // The typings demand a context; OpenVPN uses none, and with TLS 1.2 an empty one gives other bytes.
    exportKeyingMaterial(length: number, label: string): Buffer
  }
}

const EXPORTED_BYTES = 256
const DATA_KEYS_LABEL = 'EXPORTER-OpenVPN-datakeys'
const DYNAMIC_TLS_CRYPT_LABEL = 'EXPORTER-OpenVPN-dynamic-tls-crypt'
/** Above the protocol's own handshake window (60 s), which decides. */
const HANDSHAKE_TIMEOUT_MS = 90_000

/** What a TLS engine tells its owner; called on the JavaScript thread, never from within a method of the channel. */
export interface TlsChannelEvents {
  ciphertext(bytes: Uint8Array): void
  established(peer: TlsPeer, keyMaterial: TlsKeyMaterial): void
  plaintext(bytes: Uint8Array): void
  failed(code: string): void
}

/** The TLS server engine of one key state: records in, records out, no socket. */
export class TlsChannel extends Duplex {
  readonly #events: TlsChannelEvents
  #socket: TLSSocket | undefined
  #stopped = false

  constructor(events: TlsChannelEvents) {
    super()
    this.#events = events
    this.on('error', () => undefined)
  }

  /** Feeds received TLS records, in any split. */
  deliver(bytes: Uint8Array): void {
    if (!this.#stopped) this.push(Buffer.from(bytes))
  }

  /** Writes plaintext as one TLS record; ignored before the handshake is done. */
  send(bytes: Uint8Array): void {
    if (!this.#stopped) this.#socket?.write(bytes)
  }

  /** Ends the engine without close_notify, which some clients take as an order to stop for good. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#socket?.destroy()
    this.destroy()
  }

  /** @internal */
  established(socket: TLSSocket): void {
    if (this.#stopped) {
      socket.destroy()
      return
    }
    this.#socket = socket
    socket.on('error', (error) => {
      this.failed(errorCode(error) ?? 'tls-error')
    })
    this.#events.established(describePeer(socket), {
      dataKeys: socket.exportKeyingMaterial(EXPORTED_BYTES, DATA_KEYS_LABEL),
      dynamicTlsCrypt: socket.exportKeyingMaterial(EXPORTED_BYTES, DYNAMIC_TLS_CRYPT_LABEL),
    })
    socket.on('data', (bytes: Buffer) => {
      if (!this.#stopped) this.#events.plaintext(bytes)
    })
    socket.on('close', () => {
      this.failed('tls-closed')
    })
  }

  /** @internal */
  failed(code: string): void {
    if (!this.#stopped) this.#events.failed(code)
  }

  override _read(): void {
    // Records are pushed as they arrive.
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (!this.#stopped) this.#events.ciphertext(chunk)
    done()
  }
}

/** PEM texts with which the node answers for one tenant. */
export interface TlsCredentials {
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Every CA whose device certificates are accepted. */
  readonly tenantCaPem: string
}

/**
 * Makes TLS engines for one tenant. The chain is verified by OpenSSL, but a bad one does not end the handshake: its
 * error is part of `TlsPeer`, so that the client can be told over the control channel what is wrong with it.
 */
export class TlsAcceptor {
  // node's tls.Server names the accepted socket only by event: the context of the call tells which channel it is.
  readonly #current = new AsyncLocalStorage<TlsChannel>()
  readonly #server: Server

  constructor(credentials: TlsCredentials) {
    this.#server = createServer({ ...contextOptions(credentials), requestCert: true, rejectUnauthorized: false })
    this.#server.on('secureConnection', (socket) => this.#current.getStore()?.established(socket))
    this.#server.on('tlsClientError', (error) => this.#current.getStore()?.failed(errorCode(error) ?? 'tls-error'))
  }

  accept(events: TlsChannelEvents): TlsChannel {
    const channel = new TlsChannel(events)
    this.#current.run(channel, () => this.#server.emit('connection', channel))
    return channel
  }

  /** New certificate or CA for handshakes to come; running ones keep theirs. */
  renew(credentials: TlsCredentials): void {
    this.#server.setSecureContext(contextOptions(credentials))
  }
}

function contextOptions(credentials: TlsCredentials) {
  return {
    cert: credentials.certificatePem,
    key: credentials.privateKeyPem,
    ca: credentials.tenantCaPem,
    minVersion: 'TLSv1.2',
    handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
  } as const
}

function describePeer(socket: TLSSocket): TlsPeer {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) {
    return { verifyError: 'NO_CERTIFICATE', certificateSha256: '', certificateSerial: '', commonName: '' }
  }
  return {
    verifyError: socket.authorized ? undefined : String(socket.authorizationError),
    certificateSha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificateSerial: certificate.serialNumber.toLowerCase(),
    commonName: /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? '',
  }
}
