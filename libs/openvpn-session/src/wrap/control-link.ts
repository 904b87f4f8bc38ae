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
import { MIN_TLS_CRYPT_BYTES } from './tls-crypt.ts'
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

/** Turns a session's packets into bytes and back: head, session ids and wrapping, for every key state. */
export class ControlLink {
  readonly localSessionId: SessionId
  readonly remoteSessionId: SessionId
  readonly #original: Wrapping
  #renegotiated: Wrapping | undefined

  constructor(ids: { readonly local: SessionId; readonly remote: SessionId }, wrapping: Wrapping) {
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
  open(bytes: Uint8Array): ReceivedPacket | { readonly type: 'drop'; readonly reason: SessionDropReason } {
    if (bytes.length < MIN_TLS_CRYPT_BYTES) return drop('too-short')
    const header = parseControlHeader(bytes)
    if (header === undefined) return drop('bad-opcode')
    const { opcode, keyId } = header
    if (!sameSessionId(this.remoteSessionId, header.sessionId)) return drop('bad-session-id')
    if (!OPCODES_IN_SESSION.includes(opcode)) return drop('unexpected')
    if (opcode === OPCODE.controlWkc && keyId !== 0) return drop('bad-key-id')
    const wrapped = opcode === OPCODE.controlWkc ? splitWrappedKey(bytes, MIN_TLS_CRYPT_BYTES)?.packet : bytes
    if (wrapped === undefined) return drop('bad-wkc')
    const unwrapped = this.#unwrap(keyId, wrapped)
    if (unwrapped === undefined) return drop('bad-wrap')
    const body = parseControlBody(opcode, unwrapped.body)
    if (body === undefined) return drop('malformed')
    if (body.remoteSessionId !== undefined && !sameSessionId(this.localSessionId, body.remoteSessionId)) {
      return drop('bad-session-id')
    }
    if (!isFittingMessageId(opcode, keyId, body.messageId)) return drop('bad-message-id')
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

function drop(reason: SessionDropReason): { readonly type: 'drop'; readonly reason: SessionDropReason } {
  return { type: 'drop', reason }
}
