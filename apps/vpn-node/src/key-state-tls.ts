import type { KeyId, SessionAction, SessionInput } from '@sallyport/openvpn-session'

import type { TenantContexts } from './tenant-contexts.ts'
import type { TlsChannel } from './tls-channel.ts'

/** A client has at most its receive window in flight while the tenant's certificate is on its way. */
const MAX_WAITING_RECORDS = 16

type TlsAction = SessionAction & { type: 'tls-start' | 'tls-deliver' | 'tls-write' | 'tls-stop' }

interface KeyState {
  channel: TlsChannel | undefined
  readonly waiting: Uint8Array[]
}

/** Where the engines' output goes. */
export interface KeyStateTlsEvents {
  readonly input: (input: SessionInput) => void
  /** The tenant's certificate cannot be had. */
  readonly unavailable: () => void
}

/** The TLS engines of one session, one for each key state. */
export class KeyStateTls {
  readonly #contexts: TenantContexts
  readonly #tenantId: string
  readonly #events: KeyStateTlsEvents
  readonly #states = new Map<KeyId, KeyState>()

  constructor(contexts: TenantContexts, tenantId: string, events: KeyStateTlsEvents) {
    this.#contexts = contexts
    this.#tenantId = tenantId
    this.#events = events
  }

  perform(action: TlsAction): void {
    if (action.type === 'tls-start') {
      this.#start(action.keyId)
      return
    }
    const state = this.#states.get(action.keyId)
    if (state === undefined) return
    if (action.type === 'tls-stop') {
      this.#states.delete(action.keyId)
      state.channel?.stop()
    } else if (action.type === 'tls-write') {
      state.channel?.send(action.bytes)
    } else if (state.channel !== undefined) {
      state.channel.deliver(action.bytes)
    } else if (state.waiting.length < MAX_WAITING_RECORDS) {
      state.waiting.push(Uint8Array.from(action.bytes))
    }
  }

  stopAll(): void {
    for (const { channel } of this.#states.values()) channel?.stop()
    this.#states.clear()
  }

  #start(keyId: KeyId): void {
    const state: KeyState = { channel: undefined, waiting: [] }
    this.#states.set(keyId, state)
    if (this.#contexts.peek(this.#tenantId)) {
      this.#open(keyId, state)
      return
    }
    this.#contexts.load(this.#tenantId).then(
      () => {
        if (this.#states.get(keyId) === state) this.#open(keyId, state)
      },
      () => {
        this.#events.unavailable()
      },
    )
  }

  #open(keyId: KeyId, state: KeyState): void {
    const acceptor = this.#contexts.peek(this.#tenantId)
    if (acceptor === undefined) return
    const { input } = this.#events
    state.channel = acceptor.accept({
      ciphertext: (bytes) => {
        input({ type: 'tls-ciphertext', keyId, bytes })
      },
      established: (peer, keyMaterial) => {
        input({ type: 'tls-established', keyId, peer, keyMaterial })
      },
      plaintext: (bytes) => {
        input({ type: 'tls-plaintext', keyId, bytes })
      },
      failed: (code) => {
        input({ type: 'tls-failed', keyId, code })
      },
    })
    for (const bytes of state.waiting.splice(0)) state.channel.deliver(bytes)
  }
}
