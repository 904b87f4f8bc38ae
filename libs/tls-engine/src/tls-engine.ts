import { loadNativeTls, type NativeConnection, type NativeContext, type NativeEstablished } from './native-binding.ts'
import { TlsEngineError } from './tls-engine-error.ts'

/** Bytes of one record at most (RFC 8446 §5.1). */
const MAX_RECORD_BYTES = 16_384

/** PEM texts with which a server answers. */
export interface TlsCredentials {
  /** The server's certificate, followed by what is between it and its root. */
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Every CA whose client certificates are accepted. */
  readonly clientCaPem: string
}

/**
 * The client after the handshake, and the key material exported to OpenVPN (256 bytes for each label). `verifyError` is
 * OpenSSL's name of what is wrong with its chain, or `NO_CERTIFICATE`; the certificate's fields are empty when there is
 * none. The receiver owns the buffers and wipes them.
 */
export type EstablishedTls = NativeEstablished

/** What came of bytes from the peer, in the order in which its owner should act on it. */
export interface TlsProgress {
  /** Records to send, alerts included. */
  readonly ciphertext: Uint8Array | undefined
  readonly established: EstablishedTls | undefined
  /** One for each record with application data. */
  readonly plaintext: readonly Uint8Array[]
  /** Why the connection is over, as Node names errors of OpenSSL (`ERR_SSL_…`). */
  readonly failed: string | undefined
}

const NOTHING: TlsProgress = { ciphertext: undefined, established: undefined, plaintext: [], failed: undefined }

/**
 * Makes the server's end of TLS connections that have no socket: TLS 1.2 and 1.3, a client certificate asked for, no
 * tickets, resumption, renegotiation or compression, and no close_notify. All calls are synchronous. A client's bad chain
 * does not end its handshake: it is told in `EstablishedTls`.
 */
export class TlsServerContext {
  readonly #native = loadNativeTls()
  #context: NativeContext

  /** Throws `TlsEngineError` `bad-certificate`, `bad-private-key` or `bad-client-ca`. */
  constructor(credentials: TlsCredentials) {
    this.#context = this.#make(credentials)
  }

  /** Replaces the credentials for connections to come; running ones keep theirs. Throws as the constructor. */
  renew(credentials: TlsCredentials): void {
    this.#context = this.#make(credentials)
  }

  accept(): TlsConnection {
    return new TlsConnection(new this.#native.Connection(this.#context))
  }

  #make({ certificatePem, privateKeyPem, clientCaPem }: TlsCredentials): NativeContext {
    return new this.#native.Context(TlsEngineError, certificatePem, privateKeyPem, clientCaPem)
  }
}

/** One connection; made by `TlsServerContext.accept`. Its memory in OpenSSL is given back by `stop`. */
export class TlsConnection {
  readonly #native: NativeConnection

  /** @internal */
  constructor(native: NativeConnection) {
    this.#native = native
  }

  /** Takes received records, in any split. Nothing comes of it after a failure or `stop`. */
  deliver(bytes: Uint8Array): TlsProgress {
    if (bytes.length === 0) return NOTHING
    const [ciphertext, established, plaintext, failed] = this.#native.deliver(bytes)
    return { ciphertext, established, plaintext: plaintext ?? [], failed }
  }

  /** Seals plaintext (16 KiB at most) as one record; empty before the handshake is done. */
  send(plaintext: Uint8Array): Uint8Array {
    if (plaintext.length <= MAX_RECORD_BYTES) return this.#native.send(plaintext)
    throw new TlsEngineError('bad-argument', `a record carries at most ${String(MAX_RECORD_BYTES)} bytes`)
  }

  /** Ends the connection without close_notify, which some clients take as an order to stop for good. */
  stop(): void {
    this.#native.stop()
  }
}
