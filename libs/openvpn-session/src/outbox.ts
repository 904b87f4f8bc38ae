import { type KeyId, serialiseControlMessage } from '@sallyport/openvpn-wire'

import type { SessionAction, SessionDropReason } from './actions.ts'

/** Collects what a session asks of its host, in order, while it takes one input. */
export class Outbox {
  #actions: SessionAction[] = []

  emit(action: SessionAction): void {
    this.#actions.push(action)
  }

  drop(reason: SessionDropReason): void {
    this.emit({ type: 'drop', reason })
  }

  /** Asks for a control message as one TLS record. */
  write(keyId: KeyId, message: string): void {
    this.emit({ type: 'tls-write', keyId, bytes: serialiseControlMessage(message) })
  }

  /** Gives everything collected and begins anew. */
  take(): SessionAction[] {
    const actions = this.#actions
    this.#actions = []
    return actions
  }
}
