import {
  type ControlBody,
  type KeyId,
  OPCODE,
  type Opcode,
  parseControlBody,
  parseControlHeader,
  sameSessionId,
  serialiseControlBody,
  serialiseControlHeader,
  type SessionId,
  splitWrappedKey,
} from '@sallyport/openvpn-wire'

import type { SessionDropReason } from '../actions.ts'
import type { Transport } from '../remote-address.ts'
import type { UnwrappedBody, Wrapping } from './wrapping.ts'

const OPCODES_IN_SESSION: readonly Opcode[] = [OPCODE.softReset, OPCODE.control, OPCODE.ack, OPCODE.controlWkc]

/** A control packet of this session's peer: authentic, well formed, meant for this session. */
export interface ReceivedPacket {
  readonly type: 'packet'
  readonly opcode: Opcode
  readonly keyId: KeyId
  readonly replayed: boolean
  readonly body: ControlBody
}

/** A packet that is ignored; a fatal one shows that a stream cannot be trusted any more and ends the session. */
export interface DroppedPacket {
  readonly type: 'drop'
  readonly reason: SessionDropReason
  readonly fatal: boolean
}

/** On a stream, where nothing is lost and no stranger can put in a word, these mean that it is broken for good. */
const FATAL_ON_STREAM: readonly SessionDropReason[] = [
  'too-short',
  'bad-opcode',
  'bad-wkc',
  'bad-wrap',
  'replayed-wrap',
  'malformed',
]

/** Turns a session's packets into bytes and back: head, session ids and wrapping, for every key state. */
export class ControlLink {
  readonly localSessionId: SessionId
  readonly remoteSessionId: SessionId
  readonly transport: Transport
  readonly #original: Wrapping
  #renegotiated: Wrapping | undefined

  constructor(
    ids: { readonly local: SessionId; readonly remote: SessionId },
    wrapping: Wrapping,
    transport: Transport,
  ) {
    this.transport = transport
    this.localSessionId = ids.local
    this.remoteSessionId = ids.remote
    this.#original = wrapping
  }

  /** From here on packets of renegotiated key states use this wrapping. May be called once in a session's life. */
  wrapRenegotiationsWith(wrapping: Wrapping): void {
    this.#renegotiated ??= wrapping
  }

  /** Wraps one packet to the peer. */
  seal(opcode: Opcode, keyId: KeyId, body: Omit<ControlBody, 'remoteSessionId'>): Uint8Array {
    const wrapping = keyId === 0 ? this.#original : (this.#renegotiated ?? this.#original)
    const header = serialiseControlHeader({ opcode, keyId, sessionId: this.localSessionId })
    return wrapping.seal(header, serialiseControlBody({ ...body, remoteSessionId: this.remoteSessionId }))
  }

  /** Opens a packet, in the order length, head, authenticity, form; no replay is turned away here, only marked. */
  open(bytes: Uint8Array): ReceivedPacket | DroppedPacket {
    const packet = this.#open(bytes)
    if (typeof packet !== 'string') return packet
    return { type: 'drop', reason: packet, fatal: this.transport === 'tcp' && FATAL_ON_STREAM.includes(packet) }
  }

  #open(bytes: Uint8Array): ReceivedPacket | SessionDropReason {
    const { minPacketBytes } = this.#original
    if (bytes.length < minPacketBytes) return 'too-short'
    const header = parseControlHeader(bytes)
    if (header === undefined) return 'bad-opcode'
    const { opcode, keyId } = header
    if (!sameSessionId(this.remoteSessionId, header.sessionId)) return 'bad-session-id'
    if (!OPCODES_IN_SESSION.includes(opcode)) return 'unexpected'
    if (opcode === OPCODE.controlWkc && keyId !== 0) return 'bad-key-id'
    const wrapped = opcode === OPCODE.controlWkc ? splitWrappedKey(bytes, minPacketBytes)?.packet : bytes
    if (wrapped === undefined) return 'bad-wkc'
    const unwrapped = this.#unwrap(keyId, wrapped)
    if (unwrapped === undefined) return 'bad-wrap'
    if (unwrapped.replayed && this.transport === 'tcp') return 'replayed-wrap'
    const body = parseControlBody(opcode, unwrapped.body)
    if (body === undefined) return 'malformed'
    if (body.remoteSessionId !== undefined && !sameSessionId(this.localSessionId, body.remoteSessionId)) {
      return 'bad-session-id'
    }
    if (!isFittingMessageId(opcode, keyId, body.messageId)) return 'bad-message-id'
    return { type: 'packet', opcode, keyId, replayed: unwrapped.replayed, body }
  }

  /** Clients of the openvpn3 core wrap also late packets of key id 0 as those of a renegotiation. */
  #unwrap(keyId: KeyId, bytes: Uint8Array): UnwrappedBody | undefined {
    if (keyId === 0) return this.#original.open(bytes) ?? this.#renegotiated?.open(bytes)
    return (this.#renegotiated ?? this.#original).open(bytes)
  }
}

/** Message 0 is the reset of a renegotiation and nothing else; a packet with a wrapped key is always message 1. */
function isFittingMessageId(opcode: Opcode, keyId: KeyId, messageId: number | undefined): boolean {
  if (messageId === undefined) return true
  if (opcode === OPCODE.softReset) return messageId === 0 && keyId !== 0
  return opcode === OPCODE.controlWkc ? messageId === 1 : messageId !== 0
}
