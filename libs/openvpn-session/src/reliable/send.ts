import type { Opcode } from '@sallyport/openvpn-wire'

import { idsFrom, isBefore, nextId } from './message-id.ts'
import { type ReliableTerms, SERVER_TERMS } from './terms.ts'

/** So many acks of later messages mean that a message is lost. */
const LATER_ACKS_MEAN_LOSS = 3

/** A message to put into a packet. Its bytes stay the same each time; the packet around it does not. */
export interface ReliableMessage {
  readonly opcode: Opcode
  readonly messageId: number
  readonly payload: Uint8Array
}

interface InFlight extends ReliableMessage {
  sendAtMs: number
  timeoutMs: number
  laterAcks: number
}

/** Numbers messages, keeps them until they are acknowledged and says when to send them again. */
export class ReliableSend {
  readonly #waiting: { readonly opcode: Opcode; readonly payload: Uint8Array }[] = []
  #inFlight: InFlight[] = []
  readonly #terms: ReliableTerms
  #next: number

  constructor(firstMessageId: number, terms: ReliableTerms = SERVER_TERMS) {
    this.#next = firstMessageId
    this.#terms = terms
  }

  /** True when everything was sent and acknowledged. */
  get idle(): boolean {
    return this.#waiting.length === 0 && this.#inFlight.length === 0
  }

  /** Bytes that wait for room in the window. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { payload }) => sum + payload.length, 0)
  }

  /** When `takeDue` has something to give; `undefined` when only an ack can change that. */
  get nextDueMs(): number | undefined {
    const earliestMs = this.#inFlight.reduce((earliest, { sendAtMs }) => Math.min(earliest, sendAtMs), Infinity)
    return earliestMs === Infinity ? undefined : earliestMs
  }

  /** Queues a message; the payload must not change afterwards. */
  push(opcode: Opcode, payload: Uint8Array): void {
    this.#waiting.push({ opcode, payload })
  }

  /** Takes acks, repeats included; false when one is for a message that was never sent. */
  acknowledge(messageIds: readonly number[], nowMs: number): boolean {
    if (messageIds.some((id) => !isBefore(id, this.#next))) return false
    for (const id of messageIds) {
      if (!this.#inFlight.some((message) => message.messageId === id)) continue
      this.#inFlight = this.#inFlight.filter((message) => message.messageId !== id)
      if (!this.#terms.resendsOnLaterAcks) continue
      for (const message of this.#inFlight) if (isBefore(message.messageId, id)) noteLaterAck(message, nowMs)
    }
    return true
  }

  /** Gives every message to send at this time, first transmissions and repetitions. */
  takeDue(nowMs: number): readonly ReliableMessage[] {
    while (this.#hasRoom()) {
      const message = this.#waiting.shift()
      if (message === undefined) break
      this.#inFlight.push({
        ...message,
        messageId: this.#next,
        sendAtMs: nowMs,
        timeoutMs: this.#terms.firstTimeoutMs,
        laterAcks: 0,
      })
      this.#next = nextId(this.#next)
    }
    const due = this.#inFlight.filter((message) => message.sendAtMs <= nowMs)
    for (const message of due) {
      message.sendAtMs = nowMs + message.timeoutMs
      message.timeoutMs = Math.min(message.timeoutMs * 2, this.#terms.maxTimeoutMs)
    }
    return due
  }

  /** Forgets a message that is known to have arrived. */
  noteDelivered(messageId: number): void {
    this.#inFlight = this.#inFlight.filter((message) => message.messageId !== messageId)
  }

  /** Forgets every message: nobody is left to send them to. */
  clear(): void {
    this.#waiting.length = 0
    this.#inFlight = []
  }

  #hasRoom(): boolean {
    const oldest = this.#inFlight[0]
    return oldest === undefined || idsFrom(oldest.messageId, this.#next) < this.#terms.sendWindow
  }
}

function noteLaterAck(message: InFlight, nowMs: number): void {
  message.laterAcks += 1
  if (message.laterAcks !== LATER_ACKS_MEAN_LOSS) return
  message.laterAcks = 0
  message.sendAtMs = nowMs
}
