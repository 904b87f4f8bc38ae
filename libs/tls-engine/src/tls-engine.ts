import {
  loadNativeTls,
  type NativeConnection,
  type NativeContext,
  type NativeEstablished,
  type NativeProgress,
} from './native-binding.ts'
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

/** PEM texts with which a client introduces itself. */
export interface TlsClientCredentials {
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** Every CA whose server certificates are accepted. */
  readonly serverCaPem: string
}

/**
 * The peer after the handshake, and the key material exported to OpenVPN (256 bytes for each label). `verifyError` is
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
    return new this.#native.Context(TlsEngineError, 'server', certificatePem, privateKeyPem, clientCaPem)
  }
}

/**
 * Makes the client's end of such connections. A server whose chain is bad, or whose certificate is not for servers, ends
 * the handshake: `ERR_SSL_CERTIFICATE_VERIFY_FAILED`. Its name is for the owner to compare.
 */
export class TlsClientContext {
  readonly #native = loadNativeTls()
  readonly #context: NativeContext

  /** Throws `TlsEngineError` `bad-certificate`, `bad-private-key` or `bad-server-ca`. */
  constructor({ certificatePem, privateKeyPem, serverCaPem }: TlsClientCredentials) {
    this.#context = new this.#native.Context(TlsEngineError, 'client', certificatePem, privateKeyPem, serverCaPem)
  }

  /** The connection has nothing to say until it is told to `begin`. */
  connect(): TlsConnection {
    return new TlsConnection(new this.#native.Connection(this.#context))
  }
}

/** One connection; made by `TlsServerContext.accept` or `TlsClientContext.connect`. `stop` gives its memory in OpenSSL back. */
export class TlsConnection {
  readonly #native: NativeConnection

  /** @internal */
  constructor(native: NativeConnection) {
    this.#native = native
  }

  /** Makes a client's first records; nothing comes of it for a server, or of a second call. */
  begin(): TlsProgress {
    return toProgress(this.#native.begin())
  }

  /** Takes received records, in any split. Nothing comes of it after a failure or `stop`. */
  deliver(bytes: Uint8Array): TlsProgress {
    return bytes.length === 0 ? NOTHING : toProgress(this.#native.deliver(bytes))
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

function toProgress([ciphertext, established, plaintext, failed]: NativeProgress): TlsProgress {
  return { ciphertext, established, plaintext: plaintext ?? [], failed }
}
