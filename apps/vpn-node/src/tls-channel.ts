import type { TlsKeyMaterial, TlsPeer } from '@sallyport/openvpn-session'
import { type EstablishedTls, type TlsConnection, TlsServerContext } from '@sallyport/tls-engine'

/** What a TLS engine tells its owner, always from within `deliver` or `send`; the owner may stop the channel there. */
export interface TlsChannelEvents {
  ciphertext(bytes: Uint8Array): void
  established(peer: TlsPeer, keyMaterial: TlsKeyMaterial): void
  plaintext(bytes: Uint8Array): void
  failed(code: string): void
}

/** The TLS server engine of one key state: records in, records out, no socket. */
export class TlsChannel {
  readonly #connection: TlsConnection
  readonly #events: TlsChannelEvents
  #stopped = false

  constructor(connection: TlsConnection, events: TlsChannelEvents) {
    this.#connection = connection
    this.#events = events
  }

  /** Feeds received TLS records, in any split. */
  deliver(bytes: Uint8Array): void {
    if (this.#stopped) return
    const { ciphertext, established, plaintext, failed } = this.#connection.deliver(bytes)
    if (ciphertext !== undefined) this.#events.ciphertext(ciphertext)
    if (established !== undefined) this.#establish(established)
    for (const record of plaintext) if (this.#isLive()) this.#events.plaintext(record)
    if (failed !== undefined && this.#isLive()) this.#events.failed(failed)
  }

  /** Writes plaintext as one TLS record; ignored before the handshake is done. */
  send(bytes: Uint8Array): void {
    if (this.#stopped) return
    const record = this.#connection.send(bytes)
    if (record.length > 0) this.#events.ciphertext(record)
  }

  /** Ends the engine without close_notify, which some clients take as an order to stop for good. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.#connection.stop()
  }

  #establish({ dataKeys, dynamicTlsCrypt, ...peer }: EstablishedTls): void {
    if (this.#isLive()) this.#events.established(peer, { dataKeys, dynamicTlsCrypt })
  }

  /** Any event may have stopped the channel. */
  #isLive(): boolean {
    return !this.#stopped
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
 * Makes TLS engines for one tenant. A bad chain does not end the handshake: its error is part of `TlsPeer`, so that the
 * client can be told over the control channel what is wrong with it.
 */
export class TlsAcceptor {
  readonly #context: TlsServerContext

  /** Throws `TlsEngineError` when the credentials cannot be used, as `renew` does. */
  constructor({ tenantCaPem, ...own }: TlsCredentials) {
    this.#context = new TlsServerContext({ ...own, clientCaPem: tenantCaPem })
  }

  accept(events: TlsChannelEvents): TlsChannel {
    return new TlsChannel(this.#context.accept(), events)
  }

  /** New certificate or CA for handshakes to come; running ones keep theirs. */
  renew({ tenantCaPem, ...own }: TlsCredentials): void {
    this.#context.renew({ ...own, clientCaPem: tenantCaPem })
  }
}
