import { concatBytes } from '@sallyport/foundation'
import { type ControlBody, type KeyId, MAX_ACKS, OPCODE, type Opcode } from '@sallyport/openvpn-wire'

import type { SessionDropReason } from '../actions.ts'
import { AckList } from './ack.ts'
import { ReliableReceive } from './receive.ts'
import { ReliableSend } from './send.ts'
import { type ReliableTerms, SERVER_TERMS } from './terms.ts'

/** Some peers drop packets that carry a message and more acks than this. */
const MAX_PIGGYBACKED_ACKS = 4
/** Largest payload of a control packet: 1250 bytes less IPv6, UDP, head, wrapping, four acks and the message id. */
const MAX_PAYLOAD_BYTES = 1250 - 48 - 49 - (1 + 4 * MAX_PIGGYBACKED_ACKS + 8) - 4

/** Wraps one control packet of this key id; the channel adds nothing to what it gives. */
export type SealPacket = (opcode: Opcode, keyId: KeyId, body: Omit<ControlBody, 'remoteSessionId'>) => Uint8Array

/** What came of one packet: TLS bytes that are in order, or why it was ignored. */
export interface ChannelDelivery {
  readonly tlsBytes: Uint8Array
  readonly drop: SessionDropReason | undefined
}

/** The reliable, ordered exchange of one key state, in both directions. */
export class ReliableChannel {
  readonly #keyId: KeyId
  readonly #acks: AckList
  readonly #receive: ReliableReceive
  readonly #send: ReliableSend
  /** The peer sent something twice: acknowledgements get lost, so each goes out twice from then on. */
  #losesAcks = false

  /** Starts at message id 0, or at 1 when the resets were exchanged before there was any state. */
  constructor(keyId: KeyId, firstMessageId: 0 | 1, terms: ReliableTerms = SERVER_TERMS) {
    this.#keyId = keyId
    this.#acks = new AckList(terms)
    this.#receive = new ReliableReceive(firstMessageId, terms)
    this.#send = new ReliableSend(firstMessageId, terms)
  }

  /** True when the peer acknowledged all that was queued. */
  get idle(): boolean {
    return this.#send.idle
  }

  get waitingBytes(): number {
    return this.#send.waitingBytes
  }

  get nextDueMs(): number | undefined {
    return this.#send.nextDueMs
  }

  /** Queues this side's reset, message 0 of the key state. */
  queueReset(opcode: Opcode = OPCODE.softReset): void {
    this.#send.push(opcode, new Uint8Array(0))
  }

  /** Queues a client's first TLS bytes in the packet that carries its wrapped key; the rest follows as usual. */
  queueTlsWithWrappedKey(bytes: Uint8Array, maxPayloadBytes: number): void {
    this.#send.push(OPCODE.controlWkc, Uint8Array.from(bytes.subarray(0, maxPayloadBytes)))
    this.queueTls(bytes.subarray(maxPayloadBytes))
  }

  /** Queues TLS bytes, cut to packet size; they are copied. */
  queueTls(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length; offset += MAX_PAYLOAD_BYTES) {
      this.#send.push(OPCODE.control, Uint8Array.from(bytes.subarray(offset, offset + MAX_PAYLOAD_BYTES)))
    }
  }

  /** Takes an authentic packet that is no replay. */
  receive(body: ControlBody, nowMs: number): ChannelDelivery {
    if (!this.#send.acknowledge(body.acks, nowMs)) return ignored('bad-ack')
    if (body.messageId === undefined) return { tlsBytes: new Uint8Array(0), drop: undefined }
    const outcome = this.#receive.accept(body.messageId, body.payload)
    if (outcome === 'window-exceeded') return ignored(outcome)
    this.#acks.add(body.messageId)
    if (outcome === 'duplicate') this.#losesAcks = true
    return outcome === 'duplicate'
      ? ignored(outcome)
      : { tlsBytes: concatBytes([...this.#receive.take()]), drop: undefined }
  }

  /** Acknowledges a replayed packet when its message is known, else the peer would repeat it without end. */
  receiveReplayed(messageId: number): void {
    if (this.#receive.knows(messageId)) this.#acks.add(messageId)
  }

  /** Gives the packets to send at this time; each is wrapped anew, also a repetition. */
  flush(seal: SealPacket, nowMs: number): readonly Uint8Array[] {
    const packets = this.#send.takeDue(nowMs).map(({ opcode, messageId, payload }) => {
      return seal(opcode, this.#keyId, { acks: this.#acks.take(MAX_PIGGYBACKED_ACKS), messageId, payload })
    })
    while (this.#acks.owed) {
      const acks = this.#acks.take(MAX_ACKS)
      const body = { acks, messageId: undefined, payload: new Uint8Array(0) }
      packets.push(seal(OPCODE.ack, this.#keyId, body))
      if (this.#losesAcks) packets.push(seal(OPCODE.ack, this.#keyId, body))
    }
    return packets
  }

  /** Repeats this side's reset no more: the peer has answered it by more than an acknowledgement. */
  noteResetDelivered(): void {
    this.#send.noteDelivered(0)
  }

  /** Stops sending messages; acknowledgements go on. */
  stopSending(): void {
    this.#send.clear()
  }
}

function ignored(drop: SessionDropReason): ChannelDelivery {
  return { tlsBytes: new Uint8Array(0), drop }
}
