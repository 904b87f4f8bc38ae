import type { ClientAction, ClientInput, KeyId } from '@sallyport/openvpn-session'
import type { TlsClientContext, TlsConnection, TlsProgress } from '@sallyport/tls-engine'

type TlsAction = ClientAction & { type: 'tls-start' | 'tls-deliver' | 'tls-write' | 'tls-stop' }

/** The TLS engines of one connection, one for each key state. */
export class ClientTls {
  readonly #context: Pick<TlsClientContext, 'connect'>
  readonly #serverName: string | undefined
  readonly #input: (input: ClientInput) => void
  readonly #connections = new Map<KeyId, TlsConnection>()

  /** What comes of the engines goes to `input`; a server of another name than `serverName` is a failure. */
  constructor(
    context: Pick<TlsClientContext, 'connect'>,
    serverName: string | undefined,
    input: (input: ClientInput) => void,
  ) {
    this.#context = context
    this.#serverName = serverName
    this.#input = input
  }

  perform(action: TlsAction): void {
    const { keyId } = action
    if (action.type === 'tls-start') {
      const connection = this.#context.connect()
      this.#connections.set(keyId, connection)
      this.#report(keyId, connection.begin())
      return
    }
    const connection = this.#connections.get(keyId)
    if (connection === undefined) return
    if (action.type === 'tls-deliver') {
      this.#report(keyId, connection.deliver(action.bytes))
    } else if (action.type === 'tls-write') {
      const bytes = connection.send(action.bytes)
      if (bytes.length > 0) this.#input({ type: 'tls-ciphertext', keyId, bytes })
    } else {
      this.#connections.delete(keyId)
      connection.stop()
    }
  }

  stopAll(): void {
    for (const connection of this.#connections.values()) connection.stop()
    this.#connections.clear()
  }

  #report(keyId: KeyId, { ciphertext, established, plaintext, failed }: TlsProgress): void {
    if (ciphertext !== undefined) this.#input({ type: 'tls-ciphertext', keyId, bytes: ciphertext })
    if (established !== undefined) {
      if (this.#serverName !== undefined && established.commonName !== this.#serverName) {
        this.#input({ type: 'tls-failed', keyId, code: 'SERVER_NAME_MISMATCH' })
        return
      }
      const { dataKeys, dynamicTlsCrypt } = established
      this.#input({ type: 'tls-established', keyId, keyMaterial: { dataKeys, dynamicTlsCrypt } })
    }
    for (const bytes of plaintext) this.#input({ type: 'tls-plaintext', keyId, bytes })
    if (failed !== undefined) this.#input({ type: 'tls-failed', keyId, code: failed })
  }
}
