import { idsFrom, isBefore, nextId } from './message-id.ts'
import { type ReliableTerms, SERVER_TERMS } from './terms.ts'

/** Puts a peer's messages in order. Payloads are kept until taken, so they must be the receiver's own memory. */
export class ReliableReceive {
  readonly #waiting = new Map<number, Uint8Array>()
  readonly #window: number
  #next: number

  constructor(firstMessageId: number, { receiveWindow }: Pick<ReliableTerms, 'receiveWindow'> = SERVER_TERMS) {
    this.#next = firstMessageId
    this.#window = receiveWindow
  }

  /** Stores a message. All but `window-exceeded` must be acknowledged, because an earlier ack may have been lost. */
  accept(messageId: number, payload: Uint8Array): 'accepted' | 'duplicate' | 'window-exceeded' {
    if (this.knows(messageId)) return 'duplicate'
    if (idsFrom(this.#next, messageId) >= this.#window) return 'window-exceeded'
    this.#waiting.set(messageId, payload)
    return 'accepted'
  }

  /** True for a message that was accepted before. */
  knows(messageId: number): boolean {
    return isBefore(messageId, this.#next) || this.#waiting.has(messageId)
  }

  /** Gives the messages that are in order. */
  *take(): Generator<Uint8Array> {
    for (let payload = this.#waiting.get(this.#next); payload !== undefined; payload = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next)
      this.#next = nextId(this.#next)
      yield payload
    }
  }
}
